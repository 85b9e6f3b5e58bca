// Settings, the generation and the row that vouches for the vector cache: the small tables.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "attune/store.hpp"

#include "store/sqlite.hpp"

namespace attune::store {

// Which segmenter made the postings. Dotted names with this prefix are the store's own.
inline constexpr std::string_view kSegmenterSetting = "store.segmenter";

std::optional<std::string> setting(Connection& connection, std::string_view key);
void set_setting(Connection& connection, std::string_view key, std::string_view value);

std::int64_t generation(Connection& connection);
// Part of every transaction that changes what can be found.
void bump_generation(Connection& connection);

std::optional<VectorCacheRow> vector_cache_row(Connection& connection);
void set_vector_cache_row(Connection& connection, const VectorCacheRow& row);

}  // namespace attune::store
