// The border of the room: each call borrows a connection, runs one transaction, and turns what was thrown into an
// Error. What happens inside is in the file of its subject.
#include "attune/store.hpp"

#include <mutex>
#include <utility>

#include "attune/core/file.hpp"
#include "attune/text.hpp"

#include "store/check.hpp"
#include "store/connections.hpp"
#include "store/conversations.hpp"
#include "store/documents.hpp"
#include "store/filters.hpp"
#include "store/settings.hpp"
#include "store/token_states.hpp"
#include "store/vectors.hpp"
#include "store/words.hpp"

namespace attune {

namespace {

using store::at_border;
using store::Connection;
using store::Transaction;

class SqliteStore final : public Store {
 public:
  SqliteStore(const std::filesystem::path& path, const StoreOptions& options)
      : path_(path), connections_(path, options) {
    if (options.read_only) return;
    // A new database has no postings that another segmenter could have made.
    const auto lease = connections_.writer();
    Transaction transaction(*lease, Transaction::Kind::writing);
    if (store::setting(*lease, store::kSegmenterSetting)) return;
    store::set_setting(*lease, store::kSegmenterSetting, text::segmenter_version());
    transaction.commit();
  }

  [[nodiscard]] const std::filesystem::path& path() const override { return path_; }

  Result<std::optional<std::string>> setting(std::string_view key) const override {
    return read("reading a setting", [&](Connection& db) { return store::setting(db, key); });
  }

  Status set_setting(std::string_view key, std::string_view value) override {
    return write("storing a setting", [&](Connection& db) { store::set_setting(db, key, value); });
  }

  Result<Collection> open_collection(std::string_view name, std::string_view root) override {
    return write("opening the collection", [&](Connection& db) { return store::open_collection(db, name, root); });
  }

  Result<std::vector<Collection>> collections() const override {
    return read("listing the collections", [](Connection& db) { return store::collections(db); });
  }

  Status remove_collection(std::int64_t collection_id) override {
    return write("removing a collection", [&](Connection& db) { store::remove_collection(db, collection_id); });
  }

  Result<std::vector<DocumentStamp>> stamps(std::int64_t collection_id) const override {
    return read("reading the stamps", [&](Connection& db) { return store::stamps(db, collection_id); });
  }

  Result<std::int64_t> put_document(const Document& document, std::span<const Chunk> chunks,
                                    std::string_view made_by) override {
    const NewDocument one{.document = &document, .chunks = chunks};
    auto ids = put_documents(std::span(&one, 1), made_by);
    if (!ids) return ids.error();
    return ids->front();
  }

  Result<std::vector<std::int64_t>> put_documents(std::span<const NewDocument> documents,
                                                  std::string_view made_by) override {
    if (documents.empty()) return std::vector<std::int64_t>{};
    const std::string more = documents.size() == 1 ? "" : " and " + std::to_string(documents.size() - 1) + " more";
    return at_border("storing '" + documents.front().document->path + "'" + more, [&] {
      std::vector<store::DocumentWriter> writers;
      for (const NewDocument& one : documents) writers.emplace_back(*one.document, one.chunks, made_by);
      {
        const auto reader = connections_.reader();
        for (store::DocumentWriter& writer : writers) writer.prepare(*reader);
      }
      const auto lease = connections_.writer();
      Transaction transaction(*lease, Transaction::Kind::writing);
      std::vector<std::int64_t> ids;
      for (store::DocumentWriter& writer : writers) ids.push_back(writer.store(*lease));
      transaction.commit();
      return ids;
    });
  }

  Status update_stamp(std::int64_t document_id, std::string_view path, std::uint64_t size,
                      std::int64_t modified_ns) override {
    return write("following a moved file",
                 [&](Connection& db) { store::update_stamp(db, document_id, path, size, modified_ns); });
  }

  Status remove_documents(std::span<const std::int64_t> document_ids) override {
    return write("removing documents", [&](Connection& db) { store::remove_documents(db, document_ids); });
  }

  Result<Document> document(std::int64_t document_id) const override {
    return read("reading a document", [&](Connection& db) { return store::document(db, document_id); });
  }

  Result<DocumentPage> list_documents(const Filters& filters, std::int64_t offset, std::int64_t limit) const override {
    return read("listing documents", [&](Connection& db) { return store::list_documents(db, filters, offset, limit); });
  }

  Result<std::vector<Chunk>> chunks_of(std::int64_t document_id) const override {
    return read("reading the chunks of a document", [&](Connection& db) { return store::chunks_of(db, document_id); });
  }

  Result<std::vector<ChunkRecord>> chunks(std::span<const std::int64_t> chunk_ids) const override {
    return read("reading chunks", [&](Connection& db) { return store::chunks(db, chunk_ids); });
  }

  Result<ChunkSet> matching_chunks(const Filters& filters) const override {
    return read("applying the filters", [&](Connection& db) { return store::matching_chunks(db, filters); });
  }

  Result<std::vector<std::string>> languages() const override {
    return read("listing the languages", [&](Connection& db) { return cached_languages(db); });
  }

  Result<std::vector<ScoredChunk>> search_words(std::string_view query_text,
                                                const WordSearchOptions& options) const override {
    return read("searching the words", [&](Connection& db) {
      return store::search_words(db, store::words_of_query(query_text, cached_languages(db)), options);
    });
  }

  Result<std::vector<IndexedTerm>> terms() const override {
    return read("listing the terms", [](Connection& db) { return store::terms(db); });
  }

  Result<std::vector<std::int64_t>> chunks_with_terms(std::span<const std::string> terms) const override {
    return read("counting terms", [&](Connection& db) { return store::chunks_with_terms(db, terms); });
  }

  Result<ChunkSet> chunks_with_term(std::string_view term, std::size_t limit) const override {
    return read("looking up a term", [&](Connection& db) { return store::chunks_with_term(db, term, limit); });
  }

  Result<std::vector<PendingChunk>> pending_chunks(std::string_view model, std::int64_t after,
                                                   std::size_t limit) const override {
    return read("reading pending chunks",
                [&](Connection& db) { return store::pending_chunks(db, model, after, limit); });
  }

  Status put_vectors(std::string_view model, std::span<const std::int64_t> chunk_ids, std::span<const float> values,
                     std::size_t dimension) override {
    if (std::string fault = store::fault_of_vectors(chunk_ids, values, dimension); !fault.empty()) {
      return Error{ErrorKind::bad_input, "storing vectors: " + fault};
    }
    if (chunk_ids.empty()) return {};
    return write("storing vectors",
                 [&](Connection& db) { store::put_vectors(db, model, chunk_ids, values, dimension); });
  }

  Status for_each_vector(
      std::string_view model,
      const std::function<bool(std::int64_t chunk_id, std::span<const float> vector)>& visit) const override {
    return read("reading vectors", [&](Connection& db) { store::for_each_vector(db, model, visit); });
  }

  Status for_vectors_of(
      std::string_view model, const ChunkSet& chunk_ids,
      const std::function<void(std::int64_t chunk_id, std::span<const float> vector)>& visit) const override {
    return read("reading vectors", [&](Connection& db) { store::for_vectors_of(db, model, chunk_ids, visit); });
  }

  Result<ChunkSet> vector_ids(std::string_view model) const override {
    return read("listing vectors", [&](Connection& db) { return store::vector_ids(db, model); });
  }

  Result<std::vector<PendingChunk>> chunks_without_states(std::string_view model, std::int64_t after,
                                                          std::size_t limit) const override {
    return read("reading chunks without states",
                [&](Connection& db) { return store::chunks_without_states(db, model, after, limit); });
  }

  Status put_states(std::string_view model, std::span<const StoredStates> states, std::size_t width) override {
    if (std::string fault = store::fault_of_states(states, width); !fault.empty()) {
      return Error{ErrorKind::bad_input, "storing token states: " + fault};
    }
    if (states.empty()) return {};
    return write("storing token states", [&](Connection& db) { store::put_states(db, model, states, width); });
  }

  Result<std::vector<StoredStates>> states_of(std::string_view model,
                                              std::span<const std::int64_t> chunk_ids) const override {
    return read("reading token states", [&](Connection& db) { return store::states_of(db, model, chunk_ids); });
  }

  Result<StatesSize> states_size(std::string_view model) const override {
    return read("measuring token states", [&](Connection& db) { return store::states_size(db, model); });
  }

  Result<std::int64_t> remove_states() override {
    return write("removing token states", [&](Connection& db) { return store::remove_states(db); });
  }

  Result<std::vector<std::string>> turns_of(std::string_view conversation, const TurnKeeping& keeping) const override {
    return read("reading a conversation", [&](Connection& db) { return store::turns_of(db, conversation, keeping); });
  }

  Status add_turns(std::string_view conversation, std::span<const std::string> turns,
                   const TurnKeeping& keeping) override {
    return write("keeping a conversation", [&](Connection& db) { store::add_turns(db, conversation, turns, keeping); });
  }

  Result<bool> remove_conversation(std::string_view conversation) override {
    return write("removing a conversation",
                 [&](Connection& db) { return store::remove_conversation(db, conversation); });
  }

  Result<std::optional<VectorCacheRow>> vector_cache_row() const override {
    return read("reading the vector cache's row", [](Connection& db) { return store::vector_cache_row(db); });
  }

  Status set_vector_cache_row(const VectorCacheRow& row) override {
    return write("storing the vector cache's row", [&](Connection& db) { store::set_vector_cache_row(db, row); });
  }

  Result<StoreCounts> counts(std::string_view model) const override {
    return read("counting", [&](Connection& db) { return store::counts(db, model); });
  }

  Result<std::int64_t> generation() const override {
    return read("reading the generation", [](Connection& db) { return store::generation(db); });
  }

  Result<std::int64_t> refresh_postings() override {
    return at_border("rebuilding the postings", [&] { return store::refresh_postings(*connections_.writer()); });
  }

  Result<std::vector<std::string>> check() const override {
    return at_border("checking the database", [&] {
      std::vector<std::string> faults = store::check_consistency(*connections_.reader());
      if (connections_.read_only()) return faults;
      for (std::string& fault : store::check_postings_index(*connections_.writer())) {
        faults.push_back(std::move(fault));
      }
      return faults;
    });
  }

 private:
  // Runs `body` on one snapshot.
  template <typename Body>
  auto read(std::string_view doing, Body body) const -> Result<std::invoke_result_t<Body, Connection&>> {
    return at_border(doing, [&] {
      const auto lease = connections_.reader();
      const Transaction snapshot(*lease, Transaction::Kind::reading);
      return body(*lease);
    });
  }

  template <typename Body>
  auto write(std::string_view doing, Body body) const -> Result<std::invoke_result_t<Body, Connection&>> {
    return at_border(doing, [&] {
      const auto lease = connections_.writer();
      Transaction transaction(*lease, Transaction::Kind::writing);
      if constexpr (std::is_void_v<std::invoke_result_t<Body, Connection&>>) {
        body(*lease);
        transaction.commit();
      } else {
        auto result = body(*lease);
        transaction.commit();
        return result;
      }
    });
  }

  // Every search asks for them; they change with the generation only.
  std::vector<std::string> cached_languages(Connection& connection) const {
    const std::int64_t now = store::generation(connection);
    {
      const std::lock_guard lock(languages_mutex_);
      if (languages_generation_ == now) return languages_;
    }
    std::vector<std::string> fresh = store::languages(connection);
    const std::lock_guard lock(languages_mutex_);
    languages_ = fresh;
    languages_generation_ = now;
    return fresh;
  }

  std::filesystem::path path_;
  mutable store::Connections connections_;
  mutable std::mutex languages_mutex_;
  mutable std::int64_t languages_generation_ = -1;
  mutable std::vector<std::string> languages_;
};

}  // namespace

Result<std::vector<std::int64_t>> Store::put_documents(std::span<const NewDocument> documents,
                                                       std::string_view made_by) {
  std::vector<std::int64_t> ids;
  for (const NewDocument& one : documents) {
    auto id = put_document(*one.document, one.chunks, made_by);
    if (!id) return id.error();
    ids.push_back(*id);
  }
  return ids;
}

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& path, const StoreOptions& options) {
  return at_border("opening '" + to_utf8(path) + "'",
                   [&]() -> std::unique_ptr<Store> { return std::make_unique<SqliteStore>(path, options); });
}

}  // namespace attune
