#include <algorithm>
#include <cmath>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "attune/index.hpp"

#include "index/vector_cache.hpp"
#include "index/vector_table.hpp"

namespace attune {
namespace {

// A graph that lacks this share of the vectors, or carries this share of dead ones, is worth building anew.
constexpr double kWornOutShare = 0.2;

// Searches take the current table and let go of the lock at once; refresh and rebuild make a new table beside it and
// put it in its place.
class StoredVectorIndex : public VectorIndex {
 public:
  StoredVectorIndex(Store& store, std::string_view model, std::size_t dimension, const VectorIndexOptions& options)
      : store_(store), model_(model), dimension_(dimension), options_(options) {}

  // Before anyone else sees the index.
  Status load() {
    const auto counts = store_.counts(model_);
    if (!counts) return counts.error();
    std::shared_ptr<const SearchGraph> graph;
    std::string fault;
    if (static_cast<std::size_t>(counts->vectors) >= options_.exact_below && counts->vectors > 0) {
      auto cached = load_vector_cache(store_, model_, dimension_);
      if (cached) {
        graph = std::move(*cached);
      } else {
        fault = cached.error().text;
      }
    }
    auto table = VectorTable::load(store_, model_, dimension_, std::move(graph));
    if (!table) return table.error();
    install(std::move(*table), std::move(fault));
    return {};
  }

  Result<std::vector<ScoredChunk>> search(std::span<const float> query, std::size_t k,
                                          const ChunkSet* allowed) const override {
    if (query.size() != dimension_) {
      return Error{ErrorKind::bad_input, "the query's vector has " + std::to_string(query.size()) + " numbers, not " +
                                             std::to_string(dimension_)};
    }
    for (const float value : query) {
      if (!std::isfinite(value)) return Error{ErrorKind::bad_input, "the query's vector is not finite"};
    }
    return table()->search(query, k, allowed, options_);
  }

  Result<std::vector<float>> vectors_of(std::span<const std::int64_t> chunk_ids) const override {
    const auto current = table();
    std::vector<float> values;
    values.reserve(chunk_ids.size() * dimension_);
    for (const std::int64_t chunk_id : chunk_ids) {
      const auto vector = current->vector_of(chunk_id);
      if (vector.empty()) {
        return Error{ErrorKind::not_found, "chunk " + std::to_string(chunk_id) + " has no vector yet"};
      }
      values.insert(values.end(), vector.begin(), vector.end());
    }
    return values;
  }

  [[nodiscard]] ChunkSet without_vector(std::span<const std::int64_t> chunk_ids) const override {
    const auto current = table();
    ChunkSet without;
    for (const std::int64_t chunk_id : chunk_ids) {
      if (current->vector_of(chunk_id).empty()) without.push_back(chunk_id);
    }
    std::ranges::sort(without);
    without.erase(std::ranges::unique(without).begin(), without.end());
    return without;
  }

  Status refresh() override {
    const std::scoped_lock writing(writer_);
    const auto generation = store_.generation();
    if (!generation) return generation.error();
    const auto current = table();
    if (*generation == current->generation()) return {};
    auto next = VectorTable::load(store_, model_, dimension_, current->graph());
    if (!next) return next.error();
    install(std::move(*next), fault());
    return {};
  }

  Status rebuild(std::stop_token stop) override {
    const std::scoped_lock writing(writer_);
    auto plain = VectorTable::load(store_, model_, dimension_, nullptr);
    if (!plain) return plain.error();
    if ((*plain)->size() < options_.exact_below || (*plain)->size() == 0) {
      install(std::move(*plain), "");
      return {};
    }
    auto built = SearchGraph::build((*plain)->chunk_ids(), (*plain)->values(), dimension_, options_, stop);
    if (!built) return built.error();
    const std::shared_ptr<const SearchGraph> graph(std::move(*built));
    const std::int64_t generation = (*plain)->generation();
    plain->reset();
    // Building took a while: what changed in the store meanwhile is tombstoned or stands beside the new graph.
    auto table = VectorTable::load(store_, model_, dimension_, graph);
    if (!table) return table.error();
    install(std::move(*table), "");
    return save_vector_cache(store_, model_, generation, *graph);
  }

  [[nodiscard]] VectorIndexState state() const override {
    const std::shared_lock lock(mutex_);
    const VectorTable& table = *table_;
    VectorIndexState state;
    state.kind = table.graph() ? VectorIndexKind::hnsw : VectorIndexKind::exact;
    state.vectors = table.size();
    state.tombstones = table.tombstones();
    state.beside_graph = table.beside_graph();
    if (!table.graph() && table.size() > 0 && table.size() >= options_.exact_below) {
      state.reason = fault_.empty() ? "no search graph has been built yet" : fault_;
    } else if (table.graph() && worn_out(table)) {
      state.reason = "the search graph is out of date: " + std::to_string(table.beside_graph()) +
                     " vectors added and " + std::to_string(table.tombstones()) + " removed since it was built";
    }
    state.rebuild_wanted = !state.reason.empty();
    if (table.malformed() > 0) {
      state.reason += (state.reason.empty() ? "" : "; ") + std::to_string(table.malformed()) +
                      " stored vectors are damaged and cannot be found";
    }
    return state;
  }

 private:
  static bool worn_out(const VectorTable& table) {
    const double limit = kWornOutShare * static_cast<double>(table.graph()->size());
    return static_cast<double>(table.beside_graph()) > limit || static_cast<double>(table.tombstones()) > limit;
  }

  [[nodiscard]] std::shared_ptr<const VectorTable> table() const {
    const std::shared_lock lock(mutex_);
    return table_;
  }

  [[nodiscard]] std::string fault() const {
    const std::shared_lock lock(mutex_);
    return fault_;
  }

  void install(std::shared_ptr<const VectorTable> table, std::string fault) {
    const std::unique_lock lock(mutex_);
    table_.swap(table);
    fault_ = std::move(fault);
  }

  Store& store_;
  const std::string model_;
  const std::size_t dimension_;
  const VectorIndexOptions options_;
  std::mutex writer_;                // held by refresh and rebuild, one at a time
  mutable std::shared_mutex mutex_;  // guards the two below
  std::shared_ptr<const VectorTable> table_;
  std::string fault_;  // why the cache could not be used, "" if it could or none was needed
};

}  // namespace

Result<std::unique_ptr<VectorIndex>> VectorIndex::open(Store& store, std::string_view model, std::size_t dimension,
                                                       const VectorIndexOptions& options) {
  if (dimension == 0 || dimension > 65'536) {
    return Error{ErrorKind::bad_input, "vectors must have 1 to 65536 numbers"};
  }
  auto index = std::make_unique<StoredVectorIndex>(store, model, dimension, options);
  if (const Status loaded = index->load(); !loaded) return loaded.error().while_doing("opening the vector index");
  return std::unique_ptr<VectorIndex>(std::move(index));
}

}  // namespace attune
