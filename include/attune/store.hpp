// Store: what do we know, durably? Collections, documents, chunks, vectors and word postings, in one SQLite file (WAL).
//
// The truth of a database (invariant 1): everything else can be rebuilt from it. Written by ingest, read by index,
// retrieve and the server. Thread-safe: one writer at a time, readers beside it; a second process may read and write
// too. Each writing call is one transaction; one that changes what can be found bumps the generation (settings, stamps
// and the vector cache's row do not). SQLite stays inside.
//
// Every call can fail with io (disk, permission), corrupt (damaged file) or unavailable (locked past the time-out);
// only other failures are named below.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/data/chunk.hpp"
#include "attune/data/document.hpp"
#include "attune/data/hit.hpp"
#include "attune/data/query.hpp"

namespace attune {

struct StoreOptions {
  bool read_only = false;
  int busy_timeout_ms = 10'000;
};

// An indexed folder.
struct Collection {
  std::int64_t id = 0;
  std::string name;  // unique
  std::string root;  // absolute path, UTF-8; "" for a collection that came from elsewhere (a data set)
};

// What a re-index needs to see that a file did not change, without its text.
struct DocumentStamp {
  std::int64_t id = 0;
  std::string path;
  std::string sha256;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::string made_by;  // versions of reader, segmenter and chunker that made it
};

struct DocumentSummary {
  std::int64_t id = 0;
  std::string collection;
  std::string path;
  std::string title;
  std::string format;
  std::string language;
  std::string sha256;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t chunks = 0;
  std::int64_t pending = 0;  // of these chunks, those without a vector
  std::map<std::string, std::string> metadata;
};

// A document with its chunks on the way into the store. Both must outlive the call.
struct NewDocument {
  const Document* document = nullptr;
  std::span<const Chunk> chunks;
};

struct DocumentPage {
  std::vector<DocumentSummary> documents;  // ordered by collection, path
  std::int64_t total = 0;                  // that match, on all pages together
};

// A chunk with the document it belongs to.
struct ChunkRecord {
  Chunk chunk;
  DocumentSummary document;  // without counts
};

// A chunk that still has no vector under the wanted model.
struct PendingChunk {
  std::int64_t chunk_id = 0;
  std::string title;    // of the document
  std::string heading;  // of the chunk
  std::string text;
};

// What a model's layer says of each token of a chunk, rounded to 8 bits.
struct StoredStates {
  std::int64_t chunk_id = 0;
  std::vector<float> scales;        // [tokens]
  std::vector<std::int8_t> values;  // [tokens, width]
};

struct StatesSize {
  std::int64_t chunks = 0;  // that have states under the model
  std::int64_t bytes = 0;
};

// Sorted ascending, without repeats.
using ChunkSet = std::vector<std::int64_t>;

// What search_words reads of a query: the first bytes, and of these the first different terms.
inline constexpr std::size_t kMaxWordQueryBytes = 64 * 1024;
inline constexpr std::size_t kMaxWordQueryTerms = 256;

struct WordSearchOptions {
  std::size_t k = 100;
  float k1 = 0.9F;                    // BM25: how soon repeated words stop counting
  float b = 0.4F;                     // BM25: how much long passages are held back
  const ChunkSet* allowed = nullptr;  // nullptr: all
};

// A term of the postings (text::index_terms).
struct IndexedTerm {
  std::string text;
  std::int64_t chunks = 0;  // that hold it
};

struct StoreCounts {
  std::int64_t collections = 0;
  std::int64_t documents = 0;
  std::int64_t chunks = 0;
  std::int64_t vectors = 0;  // under the wanted model
  std::int64_t pending = 0;  // chunks - vectors
  std::int64_t generation = 0;
};

// How long conversations are kept.
struct TurnKeeping {
  std::int64_t now = 0;                  // seconds since 1970
  std::int64_t seconds = 24L * 60 * 60;  // a conversation goes when nothing was said for so long
  std::size_t turns = 64;                // of one conversation, the latest
  std::size_t conversations = 10'000;    // the latest
};

// The row that vouches for the FAISS file beside the database (invariant 1).
struct VectorCacheRow {
  std::int64_t generation = 0;
  std::string sha256;  // of the file
  std::int64_t count = 0;
  std::int64_t dimension = 0;
  std::string model;
};

class Store {
 public:
  virtual ~Store() = default;

  // Opens or creates the file and its folder, migrating an older schema. Fails with unsupported when a newer program
  // wrote it or it lies on a network file system, with corrupt when it is no Attune database. Writing calls of a store
  // opened for reading fail with unsupported.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& path, const StoreOptions& options = {});

  [[nodiscard]] virtual const std::filesystem::path& path() const = 0;

  // Free-form settings, kept with the data they describe.
  virtual Result<std::optional<std::string>> setting(std::string_view key) const = 0;
  virtual Status set_setting(std::string_view key, std::string_view value) = 0;

  // The collection of that name, made if absent. Fails with conflict when it exists with another root.
  virtual Result<Collection> open_collection(std::string_view name, std::string_view root) = 0;
  virtual Result<std::vector<Collection>> collections() const = 0;
  // Removes the collection with everything in it. Fails with not_found.
  virtual Status remove_collection(std::int64_t collection_id) = 0;

  // All documents of a collection, sorted by path.
  virtual Result<std::vector<DocumentStamp>> stamps(std::int64_t collection_id) const = 0;

  // Stores a document with its chunks and postings; returns its id. A document of the same collection and path is
  // replaced: its id stays; a chunk whose heading and text did not change keeps its id and its vector, all others get
  // new ids, and so do all when the document's title changed. `made_by` goes into the stamp. Visible all at once or not
  // at all. Fails with not_found without the collection, with bad_input when a chunk is not a span of the text.
  virtual Result<std::int64_t> put_document(const Document& document, std::span<const Chunk> chunks,
                                            std::string_view made_by) = 0;
  // The same for several documents in one transaction: all become visible at once or none, and the disk is waited for
  // once (some 5 ms) instead of once for each. Returns their ids in order. Keep the batch to a few megabytes of text:
  // other writers wait meanwhile. This default, for stores without transactions, puts them one by one.
  virtual Result<std::vector<std::int64_t>> put_documents(std::span<const NewDocument> documents,
                                                          std::string_view made_by);
  // The file moved or was touched; its bytes are the same. Fails with not_found, or conflict if the path is taken.
  virtual Status update_stamp(std::int64_t document_id, std::string_view path, std::uint64_t size,
                              std::int64_t modified_ns) = 0;
  // Removes documents with their chunks, vectors and postings. Ids that are not there are ignored.
  virtual Status remove_documents(std::span<const std::int64_t> document_ids) = 0;

  // The whole document. Fails with not_found.
  virtual Result<Document> document(std::int64_t document_id) const = 0;
  virtual Result<DocumentPage> list_documents(const Filters& filters, std::int64_t offset,
                                              std::int64_t limit) const = 0;
  // The chunks of a document in order.
  virtual Result<std::vector<Chunk>> chunks_of(std::int64_t document_id) const = 0;
  // In the order of `chunk_ids`; ids that are gone are left out.
  virtual Result<std::vector<ChunkRecord>> chunks(std::span<const std::int64_t> chunk_ids) const = 0;

  // Ids of the chunks that pass the filters.
  virtual Result<ChunkSet> matching_chunks(const Filters& filters) const = 0;
  // The languages of the documents, most frequent first.
  virtual Result<std::vector<std::string>> languages() const = 0;

  // The k best chunks for the words of `query_text` (text::query_terms) by BM25, best first, ties by ascending id.
  // Document frequency counts whole chunks. An empty or wordless query gives none.
  virtual Result<std::vector<ScoredChunk>> search_words(std::string_view query_text,
                                                        const WordSearchOptions& options) const = 0;

  // All terms of the postings, ascending by bytes. Reads the whole index: some 0.1 s for 100,000 terms.
  virtual Result<std::vector<IndexedTerm>> terms() const = 0;
  // In how many chunks each of `terms` stands, in their order; 0 for one that the postings do not have.
  virtual Result<std::vector<std::int64_t>> chunks_with_terms(std::span<const std::string> terms) const = 0;
  // The first `limit` chunks that hold `term`, ascending.
  virtual Result<ChunkSet> chunks_with_term(std::string_view term, std::size_t limit) const = 0;

  // Up to `limit` chunks without a vector under `model`, by ascending id, from ids greater than `after`.
  virtual Result<std::vector<PendingChunk>> pending_chunks(std::string_view model, std::int64_t after,
                                                           std::size_t limit) const = 0;
  // Stores vectors [chunk_ids.size(), dimension]. Chunks removed meanwhile are skipped. Vectors under another model
  // are replaced. Fails with bad_input when sizes do not fit, the model's other vectors have another dimension, a
  // value is not finite or a vector is all zeros.
  virtual Status put_vectors(std::string_view model, std::span<const std::int64_t> chunk_ids,
                             std::span<const float> values, std::size_t dimension) = 0;
  // Calls `visit` for each vector under `model` by ascending chunk id; stops early when it returns false.
  virtual Status for_each_vector(
      std::string_view model,
      const std::function<bool(std::int64_t chunk_id, std::span<const float> vector)>& visit) const = 0;
  // The vectors of the given chunks, for ids that have one, by ascending id.
  virtual Status for_vectors_of(
      std::string_view model, const ChunkSet& chunk_ids,
      const std::function<void(std::int64_t chunk_id, std::span<const float> vector)>& visit) const = 0;
  // Ids of all chunks that have a vector under `model`.
  virtual Result<ChunkSet> vector_ids(std::string_view model) const = 0;

  // Up to `limit` chunks without states under `model`, as pending_chunks.
  virtual Result<std::vector<PendingChunk>> chunks_without_states(std::string_view model, std::int64_t after,
                                                                  std::size_t limit) const = 0;
  // Stores states of `width` numbers a token, or replaces them. Chunks removed meanwhile are skipped. Changes nothing
  // that can be found. Fails with bad_input when sizes do not fit.
  virtual Status put_states(std::string_view model, std::span<const StoredStates> states, std::size_t width) = 0;
  // The states of the given chunks, for ids that have some, in their order.
  virtual Result<std::vector<StoredStates>> states_of(std::string_view model,
                                                      std::span<const std::int64_t> chunk_ids) const = 0;
  virtual Result<StatesSize> states_size(std::string_view model) const = 0;
  // Removes all states of all models. Returns the chunks that had some.
  virtual Result<std::int64_t> remove_states() = 0;

  // What was said in a conversation, oldest first; empty for one that is not kept, or past its time.
  virtual Result<std::vector<std::string>> turns_of(std::string_view conversation,
                                                    const TurnKeeping& keeping) const = 0;
  // Adds turns at its end, and drops what is past its time or too much, of all conversations. Changes nothing that can
  // be found.
  virtual Status add_turns(std::string_view conversation, std::span<const std::string> turns,
                           const TurnKeeping& keeping) = 0;
  // Whether there was something to remove.
  virtual Result<bool> remove_conversation(std::string_view conversation) = 0;

  virtual Result<std::optional<VectorCacheRow>> vector_cache_row() const = 0;
  virtual Status set_vector_cache_row(const VectorCacheRow& row) = 0;

  virtual Result<StoreCounts> counts(std::string_view model) const = 0;
  virtual Result<std::int64_t> generation() const = 0;

  // Rebuilds all postings if another segmenter made them (text::segmenter_version). Returns the chunks rebuilt.
  virtual Result<std::int64_t> refresh_postings() = 0;

  // Checks the file itself and that documents, chunks, postings and vectors fit together. One sentence for each fault;
  // empty when all is well.
  virtual Result<std::vector<std::string>> check() const = 0;
};

}  // namespace attune
