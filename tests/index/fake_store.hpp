// A store in memory, for tests of the rooms below it: vectors, and chunks with a word search that a test scripts.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attune/store.hpp"

namespace attune::testing {

class FakeStore : public Store {
 public:
  explicit FakeStore(std::filesystem::path path = "no-such-folder/fake.db") : path_(std::move(path)) {}

  // What a test sets up. Every call moves the generation.
  void put_vector(std::int64_t chunk_id, std::vector<float> vector) {
    const std::scoped_lock lock(mutex_);
    vectors_[chunk_id] = std::move(vector);
    ++generation_;
  }
  void drop_vector(std::int64_t chunk_id) {
    const std::scoped_lock lock(mutex_);
    vectors_.erase(chunk_id);
    ++generation_;
  }
  void put_record(ChunkRecord record) {
    const std::int64_t id = record.chunk.id;
    records_[id] = std::move(record);
  }
  void set_row(std::optional<VectorCacheRow> row) { row_ = std::move(row); }
  void set_generation(std::int64_t generation) { generation_ = generation; }
  void set_word_hits(std::vector<ScoredChunk> hits) { word_hits_ = std::move(hits); }
  void set_word_failure(std::optional<Error> failure) { word_failure_ = std::move(failure); }
  mutable int filter_calls = 0;

  [[nodiscard]] const std::filesystem::path& path() const override { return path_; }
  Result<std::optional<std::string>> setting(std::string_view) const override { return std::optional<std::string>(); }
  Status set_setting(std::string_view, std::string_view) override { return {}; }
  Result<Collection> open_collection(std::string_view, std::string_view) override { return absent(); }
  Result<std::vector<Collection>> collections() const override { return absent(); }
  Status remove_collection(std::int64_t) override { return absent(); }
  Result<std::vector<DocumentStamp>> stamps(std::int64_t) const override { return absent(); }
  Result<std::int64_t> put_document(const Document&, std::span<const Chunk>, std::string_view) override {
    return absent();
  }
  Status update_stamp(std::int64_t, std::string_view, std::uint64_t, std::int64_t) override { return absent(); }
  Status remove_documents(std::span<const std::int64_t>) override { return absent(); }
  Result<Document> document(std::int64_t) const override { return absent(); }
  Result<DocumentPage> list_documents(const Filters&, std::int64_t, std::int64_t) const override { return absent(); }
  Result<std::vector<Chunk>> chunks_of(std::int64_t) const override { return absent(); }

  Result<std::vector<std::string>> turns_of(std::string_view, const TurnKeeping&) const override { return absent(); }
  Status add_turns(std::string_view, std::span<const std::string>, const TurnKeeping&) override { return absent(); }
  Result<bool> remove_conversation(std::string_view) override { return absent(); }
  Result<std::vector<IndexedTerm>> terms() const override { return absent(); }
  Result<std::vector<std::int64_t>> chunks_with_terms(std::span<const std::string>) const override { return absent(); }
  Result<ChunkSet> chunks_with_term(std::string_view, std::size_t) const override { return absent(); }

  Result<std::vector<ChunkRecord>> chunks(std::span<const std::int64_t> chunk_ids) const override {
    std::vector<ChunkRecord> found;
    for (const std::int64_t id : chunk_ids) {
      if (const auto at = records_.find(id); at != records_.end()) found.push_back(at->second);
    }
    return found;
  }
  Result<ChunkSet> matching_chunks(const Filters& filters) const override {
    ++filter_calls;
    ChunkSet ids;
    for (const auto& [id, record] : records_) {
      const auto& wanted = filters.languages;
      if (wanted.empty() || std::ranges::find(wanted, record.document.language) != wanted.end()) ids.push_back(id);
    }
    return ids;
  }
  Result<std::vector<std::string>> languages() const override { return std::vector<std::string>{"en", "zh"}; }
  Result<std::vector<ScoredChunk>> search_words(std::string_view, const WordSearchOptions& options) const override {
    if (word_failure_) return *word_failure_;
    std::vector<ScoredChunk> hits;
    for (const ScoredChunk& hit : word_hits_) {
      const bool passes = options.allowed == nullptr ||
                          std::binary_search(options.allowed->begin(), options.allowed->end(), hit.chunk_id);
      if (passes && hits.size() < options.k) hits.push_back(hit);
    }
    return hits;
  }
  Result<std::vector<PendingChunk>> pending_chunks(std::string_view, std::int64_t, std::size_t) const override {
    return absent();
  }
  Status put_vectors(std::string_view, std::span<const std::int64_t>, std::span<const float>, std::size_t) override {
    return absent();
  }
  Status for_each_vector(
      std::string_view,
      const std::function<bool(std::int64_t chunk_id, std::span<const float> vector)>& visit) const override {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, vector] : vectors_) {
      if (!visit(id, vector)) break;
    }
    return {};
  }
  Status for_vectors_of(
      std::string_view, const ChunkSet& chunk_ids,
      const std::function<void(std::int64_t chunk_id, std::span<const float> vector)>& visit) const override {
    const std::scoped_lock lock(mutex_);
    for (const std::int64_t id : chunk_ids) {
      if (const auto at = vectors_.find(id); at != vectors_.end()) visit(id, at->second);
    }
    return {};
  }
  Result<ChunkSet> vector_ids(std::string_view) const override {
    const std::scoped_lock lock(mutex_);
    ChunkSet ids;
    for (const auto& entry : vectors_) ids.push_back(entry.first);
    return ids;
  }
  Result<std::vector<PendingChunk>> chunks_without_states(std::string_view, std::int64_t, std::size_t) const override {
    return absent();
  }
  Status put_states(std::string_view, std::span<const StoredStates>, std::size_t) override { return absent(); }
  Result<std::vector<StoredStates>> states_of(std::string_view, std::span<const std::int64_t>) const override {
    return absent();
  }
  Result<StatesSize> states_size(std::string_view) const override { return absent(); }
  Result<std::int64_t> remove_states() override { return absent(); }

  Result<std::optional<VectorCacheRow>> vector_cache_row() const override { return row_; }
  Status set_vector_cache_row(const VectorCacheRow& row) override {
    row_ = row;
    return {};
  }
  Result<StoreCounts> counts(std::string_view) const override {
    const std::scoped_lock lock(mutex_);
    StoreCounts counts;
    counts.chunks = static_cast<std::int64_t>(std::max(records_.size(), vectors_.size()));
    counts.vectors = static_cast<std::int64_t>(vectors_.size());
    counts.pending = counts.chunks - counts.vectors;
    counts.generation = generation_;
    return counts;
  }
  Result<std::int64_t> generation() const override {
    const std::scoped_lock lock(mutex_);
    return generation_;
  }
  Result<std::int64_t> refresh_postings() override { return std::int64_t{0}; }
  Result<std::vector<std::string>> check() const override { return std::vector<std::string>(); }

 private:
  static Error absent() { return Error{ErrorKind::unsupported, "the fake store has no such call"}; }

  std::filesystem::path path_;
  mutable std::mutex mutex_;
  std::int64_t generation_ = 1;
  std::map<std::int64_t, std::vector<float>> vectors_;
  std::map<std::int64_t, ChunkRecord> records_;
  std::optional<VectorCacheRow> row_;
  std::vector<ScoredChunk> word_hits_;
  std::optional<Error> word_failure_;
};

}  // namespace attune::testing
