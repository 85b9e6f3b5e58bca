// VectorTable: all vectors of a database under one model at one moment, and the search over them. Immutable once
// loaded: a search keeps the table it began with while a newer one takes its place.
//
// The vectors come from the store, always. A graph only shortens the search: its rows are used as far as the store
// still holds the same chunk with the same numbers; whatever the graph lacks is scanned beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/index.hpp"

#include "index/search_graph.hpp"

namespace attune {

class VectorTable {
 public:
  // Reads every vector under `model`. `graph` may be nullptr. Stored vectors of another length, of zeros or with
  // numbers that are not finite are left out and counted in malformed(). Fails like the store.
  static Result<std::shared_ptr<const VectorTable>> load(const Store& store, std::string_view model,
                                                         std::size_t dimension,
                                                         std::shared_ptr<const SearchGraph> graph);

  // As VectorIndex::search. `query` must have been checked.
  [[nodiscard]] Result<std::vector<ScoredChunk>> search(std::span<const float> query, std::size_t k,
                                                        const ChunkSet* allowed,
                                                        const VectorIndexOptions& options) const;

  // The vector of a chunk; empty when there is none.
  [[nodiscard]] std::span<const float> vector_of(std::int64_t chunk_id) const;

  [[nodiscard]] std::span<const std::int64_t> chunk_ids() const { return chunk_ids_; }  // ascending
  // All vectors in the order of chunk_ids(), [size(), dimension]. Only for a table without a graph.
  [[nodiscard]] std::span<const float> values() const { return own_; }
  [[nodiscard]] std::size_t size() const { return chunk_ids_.size(); }
  [[nodiscard]] std::size_t malformed() const { return malformed_; }
  [[nodiscard]] std::int64_t generation() const { return generation_; }  // of the store, not newer than the vectors
  [[nodiscard]] const std::shared_ptr<const SearchGraph>& graph() const { return graph_; }
  [[nodiscard]] std::size_t beside_graph() const { return graph_ ? beside_graph_.size() : 0; }
  [[nodiscard]] std::size_t tombstones() const { return graph_ ? graph_->size() - (size() - beside_graph()) : 0; }

 private:
  static constexpr std::uint32_t kNoRow = 0xFFFFFFFFU;
  // Where a table row's numbers lie: in the graph, or in own_.
  struct Place {
    bool in_graph = false;
    std::uint32_t row = 0;
  };

  void add(std::int64_t chunk_id, std::span<const float> vector, std::size_t& graph_cursor);
  [[nodiscard]] std::span<const float> row(std::size_t table_row) const;
  [[nodiscard]] std::vector<std::uint32_t> rows_of(const ChunkSet& chunk_ids) const;
  [[nodiscard]] Result<std::vector<std::uint32_t>> rows_from_graph(std::span<const float> query, std::size_t k,
                                                                   std::span<const std::uint32_t> candidates,
                                                                   bool all_rows,
                                                                   const VectorIndexOptions& options) const;

  std::size_t dimension_ = 0;
  std::int64_t generation_ = 0;
  std::size_t malformed_ = 0;
  std::shared_ptr<const SearchGraph> graph_;
  std::vector<std::int64_t> chunk_ids_;      // [N] ascending
  std::vector<Place> places_;                // [N]
  std::vector<float> own_;                   // [numbers outside the graph, dimension]
  std::vector<std::uint32_t> row_of_graph_;  // [graph rows]: table row, or kNoRow for a tombstone
  std::vector<std::uint32_t> beside_graph_;  // table rows that the graph lacks
};

}  // namespace attune
