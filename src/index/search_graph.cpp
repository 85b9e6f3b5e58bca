#include "index/search_graph.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <functional>
#include <limits>

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/impl/IDSelector.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>
#include <omp.h>

namespace attune {
namespace {

// FAISS takes its number of threads from OpenMP's setting of the calling thread: set for a scope, then put back.
class ThreadLimit {
 public:
  explicit ThreadLimit(int threads) : before_(omp_get_max_threads()) {
    if (threads > 0) omp_set_num_threads(threads);
  }
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;
  ~ThreadLimit() { omp_set_num_threads(before_); }

 private:
  int before_;
};

// Reads from memory that someone else keeps (faiss::VectorIOReader wants a copy of its own).
struct ViewReader : faiss::IOReader {
  explicit ViewReader(std::string_view bytes) : left(bytes) {}
  size_t operator()(void* target, size_t item_size, size_t items) override {
    if (item_size == 0) return 0;
    const size_t whole = std::min(items, left.size() / item_size);
    std::memcpy(target, left.data(), whole * item_size);
    left.remove_prefix(whole * item_size);
    return whole;
  }
  std::string_view left;
};

struct StringWriter : faiss::IOWriter {
  size_t operator()(const void* source, size_t item_size, size_t items) override {
    bytes.append(static_cast<const char*>(source), item_size * items);
    return items;
  }
  std::string bytes;
};

Error faiss_error(ErrorKind kind, std::string_view step, const std::exception& error) {
  return Error{kind, std::string(step) + ": " + error.what()};
}

class HnswGraph : public SearchGraph {
 public:
  HnswGraph(std::unique_ptr<faiss::IndexHNSWFlat> index, std::vector<std::int64_t> chunk_ids)
      : index_(std::move(index)), chunk_ids_(std::move(chunk_ids)) {}

  [[nodiscard]] Result<std::string> serialize() const override {
    try {
      faiss::IndexIDMap file;  // by hand: its constructor takes only an empty index
      file.index = index_.get();
      file.d = index_->d;
      file.metric_type = index_->metric_type;
      file.is_trained = true;
      file.id_map.assign(chunk_ids_.begin(), chunk_ids_.end());
      file.ntotal = index_->ntotal;
      StringWriter writer;
      faiss::write_index(&file, &writer);
      return std::move(writer.bytes);
    } catch (const std::exception& error) {
      return faiss_error(ErrorKind::internal, "writing the search graph", error);
    }
  }

  [[nodiscard]] std::size_t size() const override { return chunk_ids_.size(); }
  [[nodiscard]] std::size_t dimension() const override { return static_cast<std::size_t>(index_->d); }
  [[nodiscard]] std::int64_t chunk_id(std::size_t row) const override { return chunk_ids_[row]; }
  [[nodiscard]] std::span<const float> vector(std::size_t row) const override {
    const auto* flat = static_cast<const faiss::IndexFlat*>(index_->storage);
    return std::span(flat->get_xb() + row * dimension(), dimension());
  }

  [[nodiscard]] Result<std::vector<std::size_t>> search(std::span<const float> query, std::size_t count,
                                                        std::size_t width,
                                                        std::span<const std::uint8_t> wanted) const override {
    count = std::min(count, size());
    if (count == 0) return std::vector<std::size_t>();
    try {
      faiss::IDSelectorBitmap selector(wanted.size(), wanted.data());
      faiss::SearchParametersHNSW parameters;
      parameters.efSearch = static_cast<int>(std::min(std::max(width, count), size()));
      parameters.sel = &selector;
      std::vector<float> scores(count);
      std::vector<faiss::Index::idx_t> labels(count, -1);
      index_->search(1, query.data(), static_cast<faiss::Index::idx_t>(count), scores.data(), labels.data(),
                     &parameters);
      std::vector<std::size_t> rows;
      rows.reserve(count);
      for (const auto label : labels) {
        if (label >= 0) rows.push_back(static_cast<std::size_t>(label));
      }
      return rows;
    } catch (const std::exception& error) {
      return faiss_error(ErrorKind::internal, "searching the graph", error);
    }
  }

 private:
  std::unique_ptr<faiss::IndexHNSWFlat> index_;
  std::vector<std::int64_t> chunk_ids_;
};

// True if a walk that begins anywhere in the graph stays inside it. FAISS itself follows links unchecked.
bool links_are_sound(const faiss::IndexHNSWFlat& index) {
  const auto& hnsw = index.hnsw;
  const auto size = static_cast<std::size_t>(index.ntotal);
  if (hnsw.levels.size() != size || hnsw.offsets.size() != size + 1 || hnsw.offsets[0] != 0) return false;
  if (hnsw.entry_point < 0 || static_cast<std::size_t>(hnsw.entry_point) >= size) return false;
  const auto& per_level = hnsw.cum_nneighbor_per_level;
  for (std::size_t row = 0; row < size; ++row) {
    const int levels = hnsw.levels[row];
    if (levels < 1 || static_cast<std::size_t>(levels) >= per_level.size()) return false;
    if (hnsw.offsets[row] + static_cast<std::size_t>(per_level[static_cast<std::size_t>(levels)]) !=
        hnsw.offsets[row + 1]) {
      return false;
    }
  }
  if (hnsw.max_level + 1 != hnsw.levels[static_cast<std::size_t>(hnsw.entry_point)]) return false;
  if (hnsw.offsets[size] != hnsw.neighbors.size()) return false;
  return std::all_of(hnsw.neighbors.begin(), hnsw.neighbors.end(),
                     [&](int neighbor) { return neighbor >= -1 && neighbor < static_cast<int>(size); });
}

Error not_our_graph(std::string_view why) {
  return Error{ErrorKind::corrupt, "the file is no search graph of ours: " + std::string(why)};
}

}  // namespace

Result<std::unique_ptr<SearchGraph>> SearchGraph::build(std::span<const std::int64_t> chunk_ids,
                                                        std::span<const float> vectors, std::size_t dimension,
                                                        const VectorIndexOptions& options, std::stop_token stop) {
  // FAISS numbers rows with int; each batch ends in a look at `stop`.
  constexpr std::size_t kBatch = 1000;
  if (chunk_ids.size() >= static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Error{ErrorKind::too_large, "a search graph holds at most 2^31 - 1 vectors"};
  }
  try {
    const ThreadLimit limit(options.build_threads);
    auto index = std::make_unique<faiss::IndexHNSWFlat>(static_cast<int>(dimension), options.hnsw_links,
                                                        faiss::METRIC_INNER_PRODUCT);
    index->hnsw.efConstruction = options.hnsw_build_width;
    for (std::size_t begin = 0; begin < chunk_ids.size(); begin += kBatch) {
      if (stop.stop_requested()) return Error{ErrorKind::cancelled, "building the search graph was stopped"};
      const std::size_t count = std::min(kBatch, chunk_ids.size() - begin);
      index->add(static_cast<faiss::Index::idx_t>(count), vectors.data() + begin * dimension);
    }
    return std::unique_ptr<SearchGraph>(
        std::make_unique<HnswGraph>(std::move(index), std::vector<std::int64_t>(chunk_ids.begin(), chunk_ids.end())));
  } catch (const std::exception& error) {
    return faiss_error(ErrorKind::internal, "building the search graph", error);
  }
}

Result<std::unique_ptr<SearchGraph>> SearchGraph::parse(std::string_view bytes) {
  try {
    ViewReader reader(bytes);
    const std::unique_ptr<faiss::Index> file(faiss::read_index(&reader));
    auto* map = dynamic_cast<faiss::IndexIDMap*>(file.get());
    if (map == nullptr) return not_our_graph("it holds no ids");
    auto* hnsw = dynamic_cast<faiss::IndexHNSWFlat*>(map->index);
    if (hnsw == nullptr) return not_our_graph("it holds no HNSW graph");
    const auto* flat = dynamic_cast<const faiss::IndexFlat*>(hnsw->storage);
    const auto size = static_cast<std::size_t>(hnsw->ntotal);
    if (flat == nullptr || hnsw->metric_type != faiss::METRIC_INNER_PRODUCT || hnsw->d <= 0 || flat->d != hnsw->d ||
        flat->ntotal != hnsw->ntotal ||
        flat->codes.size() != size * static_cast<std::size_t>(hnsw->d) * sizeof(float)) {
      return not_our_graph("its vectors do not fit");
    }
    if (map->id_map.size() != size) return not_our_graph("ids and vectors differ in number");
    if (size == 0 || !links_are_sound(*hnsw)) return not_our_graph("its links lead nowhere");
    std::vector<std::int64_t> ids(map->id_map.begin(), map->id_map.end());
    if (std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) != ids.end()) {
      return not_our_graph("its ids do not ascend");
    }
    map->own_fields = false;  // the inner index is ours from here on
    return std::unique_ptr<SearchGraph>(
        std::make_unique<HnswGraph>(std::unique_ptr<faiss::IndexHNSWFlat>(hnsw), std::move(ids)));
  } catch (const std::exception& error) {
    return faiss_error(ErrorKind::corrupt, "reading the search graph", error);
  }
}

}  // namespace attune
