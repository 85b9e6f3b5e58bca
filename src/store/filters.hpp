// Filters: which documents, and so which chunks, may answer.
//
// The rules live in C++ (a glob's '*' must not cross '/', which SQLite's GLOB does); SQL asks them through functions
// that get the compiled filter as a pointer, so that no filter ever becomes part of a statement's text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attune/data/query.hpp"
#include "attune/store.hpp"

#include "store/glob.hpp"
#include "store/sqlite.hpp"

namespace attune::store {

class DocumentFilter {
 public:
  explicit DocumentFilter(const Filters& filters);

  struct Subject {
    std::string_view collection;
    std::string_view path;
    std::string_view language;
    std::string_view format;
  };
  [[nodiscard]] bool passes(const Subject& document) const;
  // True if this key was asked for and the value is one of the wanted.
  [[nodiscard]] bool passes_metadata(std::string_view key, std::string_view value) const;
  // How many keys of a document's metadata must pass.
  [[nodiscard]] std::int64_t metadata_keys() const { return static_cast<std::int64_t>(metadata_.size()); }

 private:
  std::vector<std::string> collections_;
  std::vector<Glob> paths_;
  std::vector<std::string> languages_;
  std::vector<std::string> formats_;
  std::map<std::string, std::vector<std::string>, std::less<>> metadata_;
};

// Bound as a pointer of this type name.
inline constexpr const char* kFilterType = "attune-document-filter";

// A condition over document `d` and collection `k`. ?1 is the filter, ?2 its metadata_keys().
#define ATTUNE_FILTER_SQL                                                            \
  " attune_passes(?1, k.name, d.path, d.language, d.format)"                         \
  " AND (?2 = 0 OR ?2 = (SELECT count(*) FROM metadata m WHERE m.document_id = d.id" \
  " AND attune_passes_metadata(?1, m.key, m.value))) "

void register_filters(Connection& connection);

// Binds ?1 and ?2. `filter` must outlive the run.
void bind_filter(Statement& statement, const DocumentFilter& filter);

ChunkSet matching_chunks(Connection& connection, const Filters& filters);

}  // namespace attune::store
