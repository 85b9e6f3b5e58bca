#include "index/vector_table.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "attune/core/dot_product.hpp"

namespace attune {
namespace {

bool usable(std::span<const float> vector, std::size_t dimension) {
  if (vector.size() != dimension) return false;
  bool nonzero = false;
  for (const float value : vector) {
    if (!std::isfinite(value)) return false;
    nonzero = nonzero || value != 0.0F;
  }
  return nonzero;
}

// Keeps the k best of what it is shown: higher score first, then the smaller row (rows ascend with chunk ids).
class BestRows {
 public:
  struct Entry {
    float score;
    std::uint32_t row;
  };

  explicit BestRows(std::size_t k) : k_(k) {}

  void offer(float score, std::uint32_t row) {
    const Entry entry{score, row};
    if (heap_.size() < k_) {
      heap_.push_back(entry);
      std::push_heap(heap_.begin(), heap_.end(), better);
    } else if (better(entry, heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), better);
      heap_.back() = entry;
      std::push_heap(heap_.begin(), heap_.end(), better);
    }
  }

  std::vector<Entry> take_sorted() {
    std::sort_heap(heap_.begin(), heap_.end(), better);
    return std::move(heap_);
  }

 private:
  static bool better(const Entry& left, const Entry& right) {
    return left.score != right.score ? left.score > right.score : left.row < right.row;
  }
  std::size_t k_;
  std::vector<Entry> heap_;  // the worst of the best in front
};

// What a walk through the graph costs, in dot products, against one for each row of a scan. A filter that lets one
// row in ten pass needs a walk ten times as wide to meet as many; each step of it looks at about half its links anew.
bool scan_is_cheaper(std::size_t candidates, std::size_t width, const VectorIndexOptions& options) {
  return candidates <= width * static_cast<std::size_t>(std::max(options.hnsw_links, 2)) / 2;
}

}  // namespace

Result<std::shared_ptr<const VectorTable>> VectorTable::load(const Store& store, std::string_view model,
                                                             std::size_t dimension,
                                                             std::shared_ptr<const SearchGraph> graph) {
  // The generation is read first: vectors written meanwhile make the table newer than it says, never older.
  const auto generation = store.generation();
  if (!generation) return generation.error();
  auto table = std::make_shared<VectorTable>();
  table->dimension_ = dimension;
  table->generation_ = *generation;
  table->graph_ = std::move(graph);
  if (table->graph_) table->row_of_graph_.assign(table->graph_->size(), kNoRow);
  std::size_t graph_cursor = 0;
  const Status visited = store.for_each_vector(model, [&](std::int64_t chunk_id, std::span<const float> vector) {
    if (usable(vector, dimension)) {
      table->add(chunk_id, vector, graph_cursor);
    } else {
      ++table->malformed_;
    }
    return table->size() < kNoRow;
  });
  if (!visited) return visited.error().while_doing("reading vectors");
  return std::shared_ptr<const VectorTable>(std::move(table));
}

void VectorTable::add(std::int64_t chunk_id, std::span<const float> vector, std::size_t& graph_cursor) {
  const auto table_row = static_cast<std::uint32_t>(chunk_ids_.size());
  chunk_ids_.push_back(chunk_id);
  if (graph_) {
    while (graph_cursor < graph_->size() && graph_->chunk_id(graph_cursor) < chunk_id) ++graph_cursor;
    if (graph_cursor < graph_->size() && graph_->chunk_id(graph_cursor) == chunk_id &&
        std::ranges::equal(graph_->vector(graph_cursor), vector)) {
      row_of_graph_[graph_cursor] = table_row;
      places_.push_back({.in_graph = true, .row = static_cast<std::uint32_t>(graph_cursor)});
      return;
    }
    beside_graph_.push_back(table_row);
  }
  places_.push_back({.in_graph = false, .row = static_cast<std::uint32_t>(own_.size() / dimension_)});
  own_.insert(own_.end(), vector.begin(), vector.end());
}

std::span<const float> VectorTable::row(std::size_t table_row) const {
  const Place place = places_[table_row];
  if (place.in_graph) return graph_->vector(place.row);
  return std::span(own_).subspan(place.row * dimension_, dimension_);
}

std::span<const float> VectorTable::vector_of(std::int64_t chunk_id) const {
  const auto found = std::lower_bound(chunk_ids_.begin(), chunk_ids_.end(), chunk_id);
  if (found == chunk_ids_.end() || *found != chunk_id) return {};
  return row(static_cast<std::size_t>(found - chunk_ids_.begin()));
}

std::vector<std::uint32_t> VectorTable::rows_of(const ChunkSet& chunk_ids) const {
  std::vector<std::uint32_t> rows;
  auto from = chunk_ids_.begin();
  for (const std::int64_t chunk_id : chunk_ids) {
    from = std::lower_bound(from, chunk_ids_.end(), chunk_id);
    if (from == chunk_ids_.end()) break;
    if (*from == chunk_id) rows.push_back(static_cast<std::uint32_t>(from - chunk_ids_.begin()));
  }
  return rows;
}

Result<std::vector<ScoredChunk>> VectorTable::search(std::span<const float> query, std::size_t k,
                                                     const ChunkSet* allowed, const VectorIndexOptions& options) const {
  std::vector<std::uint32_t> candidates;
  if (allowed != nullptr) {
    candidates = rows_of(*allowed);
  } else {
    candidates.resize(size());
    std::iota(candidates.begin(), candidates.end(), 0U);
  }
  k = std::min(k, candidates.size());
  if (k == 0) return std::vector<ScoredChunk>();

  const bool narrow = allowed != nullptr && candidates.size() < options.exact_filter_below;
  if (graph_ && !narrow) {
    auto nearby = rows_from_graph(query, k, candidates, allowed == nullptr, options);
    if (!nearby) return nearby.error();
    candidates = std::move(*nearby);
  }
  BestRows best(k);
  for (const std::uint32_t candidate : candidates) best.offer(dot_product(query, row(candidate)), candidate);
  std::vector<ScoredChunk> found;
  found.reserve(k);
  for (const auto& [score, table_row] : best.take_sorted()) found.push_back({chunk_ids_[table_row], score});
  return found;
}

// The rows that need a score: what the graph finds among `candidates`, and all of them that it lacks. All candidates,
// where looking at each is cheaper than the walk or the walk cannot meet k of them.
Result<std::vector<std::uint32_t>> VectorTable::rows_from_graph(std::span<const float> query, std::size_t k,
                                                                std::span<const std::uint32_t> candidates,
                                                                bool all_rows,
                                                                const VectorIndexOptions& options) const {
  std::vector<std::uint8_t> wanted((graph_->size() + 7) / 8, 0);
  std::vector<std::uint32_t> rows;
  std::size_t in_graph = 0;
  for (const std::uint32_t candidate : candidates) {
    const Place place = places_[candidate];
    if (place.in_graph) {
      wanted[place.row / 8] = static_cast<std::uint8_t>(wanted[place.row / 8] | (1U << (place.row % 8)));
      ++in_graph;
    } else if (!all_rows) {
      rows.push_back(candidate);
    }
  }
  if (all_rows) rows = beside_graph_;

  const std::size_t want = std::min(k, in_graph);
  if (want == 0) return rows;
  const auto search_width = std::max(static_cast<std::size_t>(std::max(options.hnsw_search_width, 1)), want);
  for (std::size_t width = search_width * graph_->size() / in_graph;; width *= 2) {
    if (scan_is_cheaper(in_graph, width, options)) return std::vector(candidates.begin(), candidates.end());
    const auto found = graph_->search(query, want, width, wanted);
    if (!found) return found.error();
    if (found->size() < want) continue;
    for (const std::size_t graph_row : *found) rows.push_back(row_of_graph_[graph_row]);
    return rows;
  }
}

}  // namespace attune
