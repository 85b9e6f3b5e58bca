#include "store/documents.hpp"

#include <unordered_map>

#include "store/block_list.hpp"
#include "store/filters.hpp"
#include "store/settings.hpp"

namespace attune::store {

namespace {

// The columns that summary_of reads, of document `d` and collection `k`.
#define ATTUNE_SUMMARY_COLUMNS "d.id, k.name, d.path, d.title, d.format, d.language, d.sha256, d.size, d.modified_ns"

std::map<std::string, std::string> metadata_of(Connection& connection, std::int64_t document_id) {
  std::map<std::string, std::string> metadata;
  Statement rows = connection.prepare("SELECT key, value FROM metadata WHERE document_id = ?");
  rows.bind(document_id);
  while (rows.step()) metadata.emplace(rows.text(0), rows.text(1));
  return metadata;
}

DocumentSummary summary_of(Connection& connection, const Statement& row) {
  return {.id = row.integer(0),
          .collection = std::string(row.text(1)),
          .path = std::string(row.text(2)),
          .title = std::string(row.text(3)),
          .format = std::string(row.text(4)),
          .language = std::string(row.text(5)),
          .sha256 = std::string(row.text(6)),
          .size = static_cast<std::uint64_t>(row.integer(7)),
          .modified_ns = row.integer(8),
          .metadata = metadata_of(connection, row.integer(0))};
}

// The columns that chunk_of reads, of chunk `c`.
#define ATTUNE_CHUNK_COLUMNS \
  "c.id, c.document_id, c.ordinal, c.span_start, c.span_end, c.page, c.line, c.tokens, c.heading, c.text"

Chunk chunk_of(const Statement& row) {
  return {.id = row.integer(0),
          .document_id = row.integer(1),
          .ordinal = static_cast<int>(row.integer(2)),
          .span = {.start = static_cast<std::size_t>(row.integer(3)), .end = static_cast<std::size_t>(row.integer(4))},
          .page = static_cast<int>(row.integer(5)),
          .line = static_cast<int>(row.integer(6)),
          .tokens = static_cast<int>(row.integer(7)),
          .heading = std::string(row.text(8)),
          .text = std::string(row.text(9))};
}

}  // namespace

Collection open_collection(Connection& connection, std::string_view name, std::string_view root) {
  Statement row = connection.prepare("SELECT id, root FROM collection WHERE name = ?");
  row.bind(name);
  if (row.step()) {
    if (row.text(1) != root) {
      fail(ErrorKind::conflict,
           "the collection '" + std::string(name) + "' belongs to '" + std::string(row.text(1)) + "'");
    }
    return {.id = row.integer(0), .name = std::string(name), .root = std::string(root)};
  }
  if (name.empty()) fail(ErrorKind::bad_input, "a collection needs a name");
  connection.prepare("INSERT INTO collection (name, root) VALUES (?, ?)").run(name, root);
  const std::int64_t id = sqlite3_last_insert_rowid(connection.handle());
  bump_generation(connection);
  return {.id = id, .name = std::string(name), .root = std::string(root)};
}

std::vector<Collection> collections(Connection& connection) {
  std::vector<Collection> all;
  Statement rows = connection.prepare("SELECT id, name, root FROM collection ORDER BY name");
  while (rows.step()) {
    all.push_back({.id = rows.integer(0), .name = std::string(rows.text(1)), .root = std::string(rows.text(2))});
  }
  return all;
}

void remove_collection(Connection& connection, std::int64_t collection_id) {
  connection
      .prepare(
          "DELETE FROM postings WHERE rowid IN (SELECT c.id FROM chunk c JOIN document d ON d.id = c.document_id "
          "WHERE d.collection_id = ?)")
      .run(collection_id);
  if (connection.prepare("DELETE FROM collection WHERE id = ?").run(collection_id) == 0) {
    fail(ErrorKind::not_found, "there is no such collection");
  }
  bump_generation(connection);
}

void update_stamp(Connection& connection, std::int64_t document_id, std::string_view path, std::uint64_t size,
                  std::int64_t modified_ns) {
  Statement row = connection.prepare("SELECT collection_id, path FROM document WHERE id = ?");
  row.bind(document_id);
  if (!row.step()) fail(ErrorKind::not_found, "there is no such document");
  const bool moved = row.text(1) != path;
  if (path.empty()) fail(ErrorKind::bad_input, "the document has no path");
  if (moved) {
    Statement other = connection.prepare("SELECT 1 FROM document WHERE collection_id = ? AND path = ?");
    other.bind(row.integer(0), path);
    if (other.step()) fail(ErrorKind::conflict, "another document has the path '" + std::string(path) + "'");
  }
  connection
      .prepare(
          "UPDATE document SET path = ?2, size = ?3, modified_ns = ?4 WHERE id = ?1 "
          "AND (path, size, modified_ns) <> (?2, ?3, ?4)")
      .run(document_id, path, static_cast<std::int64_t>(size), modified_ns);
  if (moved) bump_generation(connection);
}

void remove_documents(Connection& connection, std::span<const std::int64_t> document_ids) {
  std::int64_t removed = 0;
  for (const std::int64_t id : document_ids) {
    connection.prepare("DELETE FROM postings WHERE rowid IN (SELECT id FROM chunk WHERE document_id = ?)").run(id);
    removed += connection.prepare("DELETE FROM document WHERE id = ?").run(id);
  }
  if (removed > 0) bump_generation(connection);
}

std::vector<DocumentStamp> stamps(Connection& connection, std::int64_t collection_id) {
  std::vector<DocumentStamp> all;
  Statement rows = connection.prepare(
      "SELECT id, path, sha256, size, modified_ns, made_by FROM document WHERE collection_id = ? ORDER BY path");
  rows.bind(collection_id);
  while (rows.step()) {
    all.push_back({.id = rows.integer(0),
                   .path = std::string(rows.text(1)),
                   .sha256 = std::string(rows.text(2)),
                   .size = static_cast<std::uint64_t>(rows.integer(3)),
                   .modified_ns = rows.integer(4),
                   .made_by = std::string(rows.text(5))});
  }
  return all;
}

Document document(Connection& connection, std::int64_t document_id) {
  Statement row = connection.prepare(
      "SELECT d.collection_id, d.path, d.sha256, d.size, d.modified_ns, d.language, d.format, d.title, t.text, "
      "t.declared_language, t.blocks, t.notes FROM document d JOIN content t ON t.document_id = d.id WHERE d.id = ?");
  row.bind(document_id);
  if (!row.step()) fail(ErrorKind::not_found, "there is no document " + std::to_string(document_id));
  auto blocks = blocks_from_json(row.text(10));
  auto notes = notes_from_json(row.text(11));
  if (!blocks || !notes) {
    fail(ErrorKind::corrupt, "the structure of document " + std::to_string(document_id) + " is damaged");
  }
  return {.id = document_id,
          .collection_id = row.integer(0),
          .path = std::string(row.text(1)),
          .sha256 = std::string(row.text(2)),
          .size = static_cast<std::uint64_t>(row.integer(3)),
          .modified_ns = row.integer(4),
          .language = std::string(row.text(5)),
          .content = {.format = std::string(row.text(6)),
                      .title = std::string(row.text(7)),
                      .text = std::string(row.text(8)),
                      .language = std::string(row.text(9)),
                      .blocks = std::move(*blocks),
                      .metadata = metadata_of(connection, document_id),
                      .notes = std::move(*notes)}};
}

DocumentPage list_documents(Connection& connection, const Filters& filters, std::int64_t offset, std::int64_t limit) {
  const DocumentFilter filter(filters);
  DocumentPage page;
  Statement count = connection.prepare(
      "SELECT count(*) FROM document d JOIN collection k ON k.id = d.collection_id WHERE" ATTUNE_FILTER_SQL);
  bind_filter(count, filter);
  if (count.step()) page.total = count.integer(0);

  Statement rows =
      connection.prepare("SELECT " ATTUNE_SUMMARY_COLUMNS
                         ", (SELECT count(*) FROM chunk c WHERE c.document_id = d.id)"
                         ", (SELECT count(*) FROM chunk c WHERE c.document_id = d.id"
                         "   AND NOT EXISTS (SELECT 1 FROM vector v WHERE v.chunk_id = c.id)) "
                         "FROM document d JOIN collection k ON k.id = d.collection_id WHERE" ATTUNE_FILTER_SQL
                         "ORDER BY k.name, d.path LIMIT ?3 OFFSET ?4");
  bind_filter(rows, filter);
  rows.bind_at(3, std::max<std::int64_t>(limit, 0)).bind_at(4, std::max<std::int64_t>(offset, 0));
  while (rows.step()) {
    DocumentSummary summary = summary_of(connection, rows);
    summary.chunks = rows.integer(9);
    summary.pending = rows.integer(10);
    page.documents.push_back(std::move(summary));
  }
  return page;
}

std::vector<Chunk> chunks_of(Connection& connection, std::int64_t document_id) {
  std::vector<Chunk> all;
  Statement rows =
      connection.prepare("SELECT " ATTUNE_CHUNK_COLUMNS " FROM chunk c WHERE c.document_id = ? ORDER BY c.ordinal");
  rows.bind(document_id);
  while (rows.step()) all.push_back(chunk_of(rows));
  return all;
}

std::vector<ChunkRecord> chunks(Connection& connection, std::span<const std::int64_t> chunk_ids) {
  std::vector<ChunkRecord> found;
  std::unordered_map<std::int64_t, DocumentSummary> documents;
  Statement row = connection.prepare("SELECT " ATTUNE_CHUNK_COLUMNS " FROM chunk c WHERE c.id = ?");
  Statement owner = connection.prepare("SELECT " ATTUNE_SUMMARY_COLUMNS
                                       " FROM document d JOIN collection k ON k.id = d.collection_id WHERE d.id = ?");
  for (const std::int64_t id : chunk_ids) {
    row.bind(id);
    if (!row.step()) continue;
    ChunkRecord record{.chunk = chunk_of(row), .document = {}};
    auto known = documents.find(record.chunk.document_id);
    if (known == documents.end()) {
      owner.bind(record.chunk.document_id);
      if (!owner.step()) fail(ErrorKind::corrupt, "chunk " + std::to_string(id) + " belongs to no document");
      known = documents.emplace(record.chunk.document_id, summary_of(connection, owner)).first;
    }
    record.document = known->second;
    found.push_back(std::move(record));
  }
  return found;
}

std::vector<std::string> languages(Connection& connection) {
  std::vector<std::string> all;
  Statement rows = connection.prepare(
      "SELECT language FROM document WHERE language <> '' GROUP BY language ORDER BY count(*) DESC, language");
  while (rows.step()) all.emplace_back(rows.text(0));
  return all;
}

}  // namespace attune::store
