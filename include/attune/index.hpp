// Index: which chunk ids are near this vector? (Words are asked of the store.)
//
// Sits between store and retrieve. The vectors in the store are the truth and are held in memory while the index is
// open. Few of them are scanned one by one: that needs no file. From exact_below on, a FAISS graph (HNSW) finds the
// candidates; it is kept in `<database>.faiss`, a cache that is verified on open and rebuilt when missing, stale or
// damaged, while searches go on exactly over the vectors themselves. The graph is never changed: vectors that came
// after it are scanned beside it, those that went are tombstones, and state() tells when enough has changed to build it
// anew. Scores are always our own dot products, so a score never depends on the kind of index. Thread-safe. FAISS stays
// inside.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/data/hit.hpp"
#include "attune/store.hpp"

namespace attune {

struct VectorIndexOptions {
  std::size_t exact_below = 50'000;  // vectors; from here on HNSW is used
  int hnsw_links = 32;               // M: neighbours kept for each vector
  int hnsw_build_width = 200;        // efConstruction
  int hnsw_search_width = 128;       // efSearch, where every vector may be answered; grows as filters narrow
  // A filter that leaves fewer chunks than this is scanned exactly; so is any search that costs less than the walk.
  std::size_t exact_filter_below = 10'000;
  int build_threads = 0;  // 0: one for each core; with 1 the same vectors give the same graph
};

enum class VectorIndexKind { exact, hnsw };

struct VectorIndexState {
  VectorIndexKind kind = VectorIndexKind::exact;  // what answers now
  std::size_t vectors = 0;                        // that can be found
  std::size_t tombstones = 0;                     // removed since the HNSW graph was built
  std::size_t beside_graph = 0;                   // added since, scanned one by one
  bool rebuild_wanted = false;                    // the graph is missing, damaged, or lacks too much
  std::string reason;                             // why, for a person; "" when all is well
};

class VectorIndex {
 public:
  virtual ~VectorIndex() = default;

  // Loads the vectors under `model` from the store and, where it is vouched for, the FAISS file beside the database.
  // A bad cache is no failure: see state(). `store` must outlive the index.
  static Result<std::unique_ptr<VectorIndex>> open(Store& store, std::string_view model, std::size_t dimension,
                                                   const VectorIndexOptions& options = {});

  // The k nearest chunks by cosine (vectors are unit length), best first, ties by ascending id. `allowed` (nullptr:
  // all) restricts the answer. Fails with bad_input when the query's dimension differs or a value is not finite.
  virtual Result<std::vector<ScoredChunk>> search(std::span<const float> query, std::size_t k,
                                                  const ChunkSet* allowed = nullptr) const = 0;

  // The vectors of the given chunks [ids, dimension] as they are searched; a row of zeros never stands for a missing
  // one: fails with not_found instead.
  virtual Result<std::vector<float>> vectors_of(std::span<const std::int64_t> chunk_ids) const = 0;

  // Those of the given chunks that have no vector yet, ascending: no search can find them.
  [[nodiscard]] virtual ChunkSet without_vector(std::span<const std::int64_t> chunk_ids) const = 0;

  // Takes over what changed in the store since open or the last refresh: vectors added, removed or made anew. Reads all
  // vectors if the store's generation moved, else costs one look at it.
  virtual Status refresh() = 0;

  // Builds the index anew from the store. From exact_below vectors on this builds the graph, puts it to use and writes
  // the cache: temporary name, fsync, rename, fsync of the directory, then the row. Searches go on meanwhile. Fails
  // with cancelled, or with io when the graph could not be written (it is in use all the same).
  virtual Status rebuild(std::stop_token stop = {}) = 0;

  [[nodiscard]] virtual VectorIndexState state() const = 0;
};

// Checks the cache against the store: the row against the file, the file's graph in itself, its vectors against those
// of the store. One sentence for each fault; empty when all is well or there is no cache.
Result<std::vector<std::string>> check_vector_cache(const Store& store);

}  // namespace attune
