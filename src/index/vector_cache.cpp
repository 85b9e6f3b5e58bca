#include "index/vector_cache.hpp"

#include <algorithm>
#include <system_error>

#include "attune/core/file.hpp"

namespace attune {
namespace {

// No graph of ours needs more for one vector: its numbers, its id, and its links at every level.
std::uint64_t most_bytes(const VectorCacheRow& row) {
  constexpr std::uint64_t kLinkBytes = 16384;
  return (1ULL << 20U) + static_cast<std::uint64_t>(std::max<std::int64_t>(row.count, 0)) *
                             (static_cast<std::uint64_t>(std::max<std::int64_t>(row.dimension, 0)) * 4 + kLinkBytes);
}

// The file's graph, if its bytes are those of the row and its content is what the row says.
Result<std::unique_ptr<SearchGraph>> read_vouched(const std::filesystem::path& path, const VectorCacheRow& row) {
  const auto bytes = read_file(path, most_bytes(row));
  if (!bytes) {
    if (bytes.error().kind == ErrorKind::not_found) {
      return Error{ErrorKind::not_found, "the search graph's file is missing"};
    }
    return bytes.error().while_doing("reading the search graph");
  }
  if (sha256_hex(*bytes) != row.sha256) {
    return Error{ErrorKind::corrupt, "the search graph's file is not the one that the database vouches for"};
  }
  auto graph = SearchGraph::parse(*bytes);
  if (!graph) return graph.error();
  if ((*graph)->size() != static_cast<std::size_t>(row.count) ||
      (*graph)->dimension() != static_cast<std::size_t>(row.dimension)) {
    return Error{ErrorKind::corrupt, "the search graph's file does not hold what the database says"};
  }
  return graph;
}

// Vectors that the graph holds under the id of a chunk whose stored vector is another one.
Result<std::size_t> count_crossed(const Store& store, const VectorCacheRow& row, const SearchGraph& graph) {
  std::size_t crossed = 0;
  std::size_t cursor = 0;
  const Status visited = store.for_each_vector(row.model, [&](std::int64_t chunk_id, std::span<const float> vector) {
    while (cursor < graph.size() && graph.chunk_id(cursor) < chunk_id) ++cursor;
    if (cursor == graph.size()) return false;
    if (graph.chunk_id(cursor) == chunk_id && !std::ranges::equal(graph.vector(cursor), vector)) ++crossed;
    return true;
  });
  if (!visited) return visited.error();
  return crossed;
}

}  // namespace

std::filesystem::path vector_cache_path(const std::filesystem::path& database) {
  std::filesystem::path path = database;
  path += ".faiss";
  return path;
}

Result<std::unique_ptr<SearchGraph>> load_vector_cache(const Store& store, std::string_view model,
                                                       std::size_t dimension) {
  const auto row = store.vector_cache_row();
  if (!row) return row.error();
  if (!row->has_value()) return Error{ErrorKind::not_found, "no search graph has been built yet"};
  const VectorCacheRow& vouched = **row;
  if (vouched.model != model) return Error{ErrorKind::conflict, "the search graph was built for another model"};
  if (vouched.dimension != static_cast<std::int64_t>(dimension)) {
    return Error{ErrorKind::conflict, "the search graph was built for vectors of another length"};
  }
  const auto generation = store.generation();
  if (!generation) return generation.error();
  if (vouched.generation > *generation) {
    return Error{ErrorKind::conflict, "the search graph is newer than the database, which seems to be an old copy"};
  }
  return read_vouched(vector_cache_path(store.path()), vouched);
}

Status save_vector_cache(Store& store, std::string_view model, std::int64_t generation, const SearchGraph& graph) {
  const auto bytes = graph.serialize();
  if (!bytes) return bytes.error();
  const Status written = write_file_durably(vector_cache_path(store.path()), *bytes);
  if (!written) return written.error().while_doing("writing the search graph");
  return store.set_vector_cache_row({.generation = generation,
                                     .sha256 = sha256_hex(*bytes),
                                     .count = static_cast<std::int64_t>(graph.size()),
                                     .dimension = static_cast<std::int64_t>(graph.dimension()),
                                     .model = std::string(model)});
}

Result<std::vector<std::string>> check_vector_cache(const Store& store) {
  const auto row = store.vector_cache_row();
  if (!row) return row.error();
  const auto path = vector_cache_path(store.path());
  std::vector<std::string> faults;
  const auto fault = [&](const std::string& what) {
    faults.push_back("'" + to_utf8(path) + "': " + what + "; it is not used, and the next rebuild replaces it");
  };
  if (!row->has_value()) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) fault("the database does not vouch for this search graph");
    return faults;
  }
  const auto generation = store.generation();
  if (!generation) return generation.error();
  if ((*row)->generation > *generation) fault("the search graph is newer than the database");
  const auto graph = read_vouched(path, **row);
  if (!graph) {
    fault(graph.error().text);
    return faults;
  }
  // A vector may have been made anew since; at the same generation there is no such excuse.
  const auto crossed = count_crossed(store, **row, **graph);
  if (!crossed) return crossed.error();
  if (*crossed > 0 && (*row)->generation == *generation) {
    fault(std::to_string(*crossed) + " of its vectors are not those of the database");
  }
  return faults;
}

}  // namespace attune
