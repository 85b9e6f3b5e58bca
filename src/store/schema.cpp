#include "store/schema.hpp"

#include <array>
#include <string>

namespace attune::store {

namespace {

// 1: the first released schema.
//
// postings: rowid is the chunk's id; both columns hold terms separated by U+0020 (postings.hpp). It keeps its own copy
// of the terms, so that a row can be removed whatever segmenter made it. No trigger may touch it (trusted_schema is off
// and this SQLite does not call FTS5 innocuous), so whoever deletes chunks deletes their postings first.
constexpr const char* kSchema1 = R"sql(
CREATE TABLE state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  generation INTEGER NOT NULL
) STRICT;
INSERT INTO state (id, generation) VALUES (1, 0);

CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE collection (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  root TEXT NOT NULL
) STRICT;

CREATE TABLE document (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES collection (id) ON DELETE CASCADE,
  path TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  modified_ns INTEGER NOT NULL,
  made_by TEXT NOT NULL,
  title TEXT NOT NULL,
  format TEXT NOT NULL,
  language TEXT NOT NULL,
  UNIQUE (collection_id, path)
) STRICT;
CREATE INDEX document_by_language ON document (language);

-- Beside `document`, so that listing documents does not drag their texts through the page cache.
CREATE TABLE content (
  document_id INTEGER PRIMARY KEY REFERENCES document (id) ON DELETE CASCADE,
  text TEXT NOT NULL,
  declared_language TEXT NOT NULL,
  blocks TEXT NOT NULL,
  notes TEXT NOT NULL
) STRICT;

CREATE TABLE metadata (
  document_id INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (document_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE chunk (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  document_id INTEGER NOT NULL REFERENCES document (id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  span_start INTEGER NOT NULL,
  span_end INTEGER NOT NULL,
  page INTEGER NOT NULL,
  line INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  heading TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX chunk_by_document ON chunk (document_id, ordinal);

CREATE TABLE model (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  dimension INTEGER NOT NULL CHECK (dimension > 0)
) STRICT;

-- value: float32, little-endian, `dimension` of them.
CREATE TABLE vector (
  chunk_id INTEGER PRIMARY KEY REFERENCES chunk (id) ON DELETE CASCADE,
  model_id INTEGER NOT NULL REFERENCES model (id),
  value BLOB NOT NULL
) STRICT;
CREATE INDEX vector_by_model ON vector (model_id);

CREATE TABLE vector_cache (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  generation INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  count INTEGER NOT NULL,
  dimension INTEGER NOT NULL,
  model TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE postings USING fts5 (title, body, tokenize = 'attune_terms');
)sql";

// 2: what a model's lower layers say of passages, for rerankers that read them again. Optional: a chunk without a row
// is read anew. value: for each of `tokens` a float32 scale, then for each its row of int8.
constexpr const char* kSchema2 = R"sql(
CREATE TABLE token_states (
  chunk_id INTEGER PRIMARY KEY REFERENCES chunk (id) ON DELETE CASCADE,
  model_id INTEGER NOT NULL REFERENCES model (id),
  tokens INTEGER NOT NULL CHECK (tokens > 0),
  value BLOB NOT NULL
) STRICT;
CREATE INDEX token_states_by_model ON token_states (model_id);
)sql";

// 3: what was said in conversations that a client asked to be kept. at: seconds since 1970.
constexpr const char* kSchema3 = R"sql(
CREATE TABLE turn (
  conversation TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  said TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (conversation, ordinal)
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array kMigrations = {Migration{kSchema1}, Migration{kSchema2}, Migration{kSchema3}};

}  // namespace

std::span<const Migration> migrations() {
  return kMigrations;
}

void set_up_connection(Connection& connection) {
  // A hostile file must not run code through its schema.
  connection.execute(
      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON;"
      "PRAGMA cache_size = -16384;"
      // The terms of the postings, read from their index. Looks for `postings` when it is asked, not before.
      "CREATE VIRTUAL TABLE IF NOT EXISTS temp.posting_term USING fts5vocab(main, postings, row);");
}

std::int64_t check_identity(Connection& connection, std::int64_t newest_version) {
  const std::int64_t application = connection.integer("PRAGMA application_id");
  const std::int64_t version = connection.integer("PRAGMA user_version");
  if (application == 0 && version == 0 && connection.integer("SELECT count(*) FROM sqlite_schema") == 0) return 0;
  if (application != kApplicationId) fail(ErrorKind::corrupt, "the file is a database of another program");
  if (version > newest_version || version < 0) {
    fail(ErrorKind::unsupported, "the database was written by a newer Attune (its schema is version " +
                                     std::to_string(version) + ", this program knows " +
                                     std::to_string(newest_version) + "); use the newer program");
  }
  return version;
}

void migrate(Connection& connection, std::span<const Migration> steps) {
  const auto newest = static_cast<std::int64_t>(steps.size());
  while (check_identity(connection, newest) < newest) {
    Transaction transaction(connection, Transaction::Kind::writing);
    // Another process may have come first; what counts is what stands in the file now that we hold the lock.
    const std::int64_t version = check_identity(connection, newest);
    if (version == newest) return;
    connection.execute(steps[static_cast<std::size_t>(version)].sql);
    connection.execute(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
    connection.execute(("PRAGMA user_version = " + std::to_string(version + 1)).c_str());
    transaction.commit();
  }
}

}  // namespace attune::store
