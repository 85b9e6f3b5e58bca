// The FAISS file beside the database, and the row that vouches for it (invariant 1).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/store.hpp"

#include "index/search_graph.hpp"

namespace attune {

// `<database>.faiss`.
std::filesystem::path vector_cache_path(const std::filesystem::path& database);

// The graph in the file, if the row vouches for every byte of it. Fails with not_found (never built), conflict (of
// another model, dimension or moment), corrupt; the text says why it cannot be used, for a person. Fails like the
// store.
Result<std::unique_ptr<SearchGraph>> load_vector_cache(const Store& store, std::string_view model,
                                                       std::size_t dimension);

// Writes the file durably, then the row. After a crash between the two, the old row does not vouch for the new file,
// and load_vector_cache refuses it. Fails with io or like the store.
Status save_vector_cache(Store& store, std::string_view model, std::int64_t generation, const SearchGraph& graph);

}  // namespace attune
