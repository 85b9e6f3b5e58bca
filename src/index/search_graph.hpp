// SearchGraph: FAISS's HNSW graph over the vectors of some chunks. The only file pair that knows FAISS; its exceptions
// end here. Immutable once made, so any number of threads may search it.
//
// HNSW cannot forget a vector: callers say with `wanted` which rows may still be answered. A row is a place in the
// graph, 0 … size() - 1; rows stand in ascending order of chunk id.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/index.hpp"

namespace attune {

class SearchGraph {
 public:
  virtual ~SearchGraph() = default;

  // Links the vectors [chunk_ids.size(), dimension]. `chunk_ids` must ascend. Takes seconds for every 10,000 vectors.
  // Fails with cancelled, or with internal when FAISS refuses.
  static Result<std::unique_ptr<SearchGraph>> build(std::span<const std::int64_t> chunk_ids,
                                                    std::span<const float> vectors, std::size_t dimension,
                                                    const VectorIndexOptions& options, std::stop_token stop);

  // The graph that serialize() wrote. Fails with corrupt when the bytes are no such graph, or one whose links lead
  // outside it; FAISS then loses some memory, so look at the file's hash first.
  static Result<std::unique_ptr<SearchGraph>> parse(std::string_view bytes);

  // A FAISS file: IndexIDMap over IndexHNSWFlat, as faiss::read_index reads it. Fails with internal.
  [[nodiscard]] virtual Result<std::string> serialize() const = 0;

  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual std::size_t dimension() const = 0;
  [[nodiscard]] virtual std::int64_t chunk_id(std::size_t row) const = 0;
  [[nodiscard]] virtual std::span<const float> vector(std::size_t row) const = 0;

  // Rows near `query` (of length dimension()), at most `count`, in no promised order. `width` is how many neighbours
  // the walk keeps in mind. `wanted` has one bit for each row, lowest bit of a byte first. Fails with internal.
  [[nodiscard]] virtual Result<std::vector<std::size_t>> search(std::span<const float> query, std::size_t count,
                                                                std::size_t width,
                                                                std::span<const std::uint8_t> wanted) const = 0;
};

}  // namespace attune
