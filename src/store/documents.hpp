// Documents: collections, documents and chunks, written and read. The functions that write expect to run inside a
// transaction; all throw StoreFailure.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "attune/store.hpp"

#include "store/sqlite.hpp"
#include "store/words.hpp"

namespace attune::store {

Collection open_collection(Connection& connection, std::string_view name, std::string_view root);
std::vector<Collection> collections(Connection& connection);
void remove_collection(Connection& connection, std::int64_t collection_id);

// A document on its way into the store. Segmenting is the slow part and needs no lock: prepare() does it for the chunks
// that look new, store() for those that turn out to be.
class DocumentWriter {
 public:
  // `document`, `chunks` and `made_by` must outlive the writer. Throws bad_input if they do not fit together.
  DocumentWriter(const Document& document, std::span<const Chunk> chunks, std::string_view made_by);

  void prepare(Connection& reader);
  // Returns the document's id.
  std::int64_t store(Connection& writer);

 private:
  struct Known;
  std::optional<Known> find_known(Connection& connection) const;
  void match_chunks(Connection& connection, const Known& known);
  std::int64_t store_document(Connection& writer, const std::optional<Known>& known);
  bool store_content(Connection& writer, std::int64_t document_id) const;
  bool store_metadata(Connection& writer, std::int64_t document_id) const;
  bool store_chunks(Connection& writer, std::int64_t document_id, bool rewrite_postings);
  const PassageTerms& terms(std::size_t chunk);

  const Document& document_;
  std::span<const Chunk> chunks_;
  std::string_view made_by_;
  std::vector<std::int64_t> kept_ids_;  // per chunk: the id it keeps, 0 for a new one
  std::vector<std::int64_t> gone_ids_;
  std::vector<std::optional<PassageTerms>> terms_;
};

void update_stamp(Connection& connection, std::int64_t document_id, std::string_view path, std::uint64_t size,
                  std::int64_t modified_ns);
void remove_documents(Connection& connection, std::span<const std::int64_t> document_ids);

std::vector<DocumentStamp> stamps(Connection& connection, std::int64_t collection_id);
Document document(Connection& connection, std::int64_t document_id);
DocumentPage list_documents(Connection& connection, const Filters& filters, std::int64_t offset, std::int64_t limit);
std::vector<Chunk> chunks_of(Connection& connection, std::int64_t document_id);
std::vector<ChunkRecord> chunks(Connection& connection, std::span<const std::int64_t> chunk_ids);
std::vector<std::string> languages(Connection& connection);

}  // namespace attune::store
