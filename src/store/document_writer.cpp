// How a document gets in: what stayed keeps its rows, so that its vectors stay true and re-indexing costs what changed.
#include <map>
#include <string>

#include "store/block_list.hpp"
#include "store/documents.hpp"
#include "store/settings.hpp"

namespace attune::store {

// The stored document of the same collection and path.
struct DocumentWriter::Known {
  std::int64_t id = 0;
  std::string title;
  std::string language;
};

DocumentWriter::DocumentWriter(const Document& document, std::span<const Chunk> chunks, std::string_view made_by)
    : document_(document), chunks_(chunks), made_by_(made_by), kept_ids_(chunks.size()), terms_(chunks.size()) {
  const std::string_view text = document.content.text;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const ByteSpan span = chunks[i].span;
    if (span.start > span.end || span.end > text.size() || span.of(text) != chunks[i].text) {
      fail(ErrorKind::bad_input, "chunk " + std::to_string(i) + " is not what stands in the document at its place");
    }
  }
  if (document.path.empty()) fail(ErrorKind::bad_input, "the document has no path");
}

std::optional<DocumentWriter::Known> DocumentWriter::find_known(Connection& connection) const {
  Statement row = connection.prepare("SELECT id, title, language FROM document WHERE collection_id = ? AND path = ?");
  row.bind(document_.collection_id, document_.path);
  if (!row.step()) return std::nullopt;
  return Known{.id = row.integer(0), .title = std::string(row.text(1)), .language = std::string(row.text(2))};
}

void DocumentWriter::match_chunks(Connection& connection, const Known& known) {
  kept_ids_.assign(chunks_.size(), 0);
  gone_ids_.clear();
  // A passage that stands twice in the document keeps its ids in the order of their places.
  std::map<std::pair<std::string, std::string>, std::vector<std::int64_t>> stored;
  Statement rows =
      connection.prepare("SELECT id, heading, text FROM chunk WHERE document_id = ? ORDER BY ordinal DESC");
  rows.bind(known.id);
  while (rows.step()) stored[{std::string(rows.text(1)), std::string(rows.text(2))}].push_back(rows.integer(0));
  // The title is part of what was embedded and of the postings.
  if (known.title == document_.content.title) {
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      const auto same = stored.find({chunks_[i].heading, chunks_[i].text});
      if (same == stored.end() || same->second.empty()) continue;
      kept_ids_[i] = same->second.back();
      same->second.pop_back();
    }
  }
  for (const auto& [passage, ids] : stored) gone_ids_.insert(gone_ids_.end(), ids.begin(), ids.end());
}

void DocumentWriter::prepare(Connection& reader) {
  const Transaction snapshot(reader, Transaction::Kind::reading);
  if (const auto known = find_known(reader)) match_chunks(reader, *known);
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (kept_ids_[i] == 0) terms(i);
  }
}

const PassageTerms& DocumentWriter::terms(std::size_t chunk) {
  if (!terms_[chunk]) {
    terms_[chunk] = terms_of({.title = document_.content.title,
                              .heading = chunks_[chunk].heading,
                              .text = chunks_[chunk].text,
                              .language = document_.language});
  }
  return *terms_[chunk];
}

std::int64_t DocumentWriter::store(Connection& writer) {
  const auto known = find_known(writer);
  if (known) {
    match_chunks(writer, *known);
  } else {
    kept_ids_.assign(chunks_.size(), 0);
    gone_ids_.clear();
  }
  const std::int64_t id = store_document(writer, known);
  const bool described_anew =
      !known || known->title != document_.content.title || known->language != document_.language;
  // The language chose the stemmer, so kept chunks get new postings too.
  const bool rewrite_postings = known && known->language != document_.language;
  bool changed = store_content(writer, id);
  changed = store_metadata(writer, id) || changed;
  changed = store_chunks(writer, id, rewrite_postings) || changed;
  if (changed || described_anew) bump_generation(writer);
  return id;
}

std::int64_t DocumentWriter::store_document(Connection& writer, const std::optional<Known>& known) {
  const auto size = static_cast<std::int64_t>(document_.size);
  const ExtractedText& content = document_.content;
  if (known) {
    writer
        .prepare(
            "UPDATE document SET sha256 = ?2, size = ?3, modified_ns = ?4, made_by = ?5, title = ?6, format = ?7, "
            "language = ?8 WHERE id = ?1 AND (sha256, size, modified_ns, made_by, title, format, language) "
            "<> (?2, ?3, ?4, ?5, ?6, ?7, ?8)")
        .run(known->id, document_.sha256, size, document_.modified_ns, made_by_, content.title, content.format,
             document_.language);
    return known->id;
  }
  Statement collection = writer.prepare("SELECT 1 FROM collection WHERE id = ?");
  if (!collection.bind(document_.collection_id).step()) fail(ErrorKind::not_found, "there is no such collection");
  writer
      .prepare(
          "INSERT INTO document (collection_id, path, sha256, size, modified_ns, made_by, title, format, language) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(document_.collection_id, document_.path, document_.sha256, size, document_.modified_ns, made_by_,
           content.title, content.format, document_.language);
  return sqlite3_last_insert_rowid(writer.handle());
}

bool DocumentWriter::store_content(Connection& writer, std::int64_t document_id) const {
  const ExtractedText& content = document_.content;
  const std::string blocks = blocks_to_json(content.blocks);
  const std::string notes = notes_to_json(content.notes);
  return writer
             .prepare(
                 "INSERT INTO content (document_id, text, declared_language, blocks, notes) "
                 "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (document_id) DO UPDATE "
                 "SET text = ?2, declared_language = ?3, blocks = ?4, notes = ?5 "
                 "WHERE (text, declared_language, blocks, notes) <> (?2, ?3, ?4, ?5)")
             .run(document_id, content.text, content.language, blocks, notes) > 0;
}

bool DocumentWriter::store_metadata(Connection& writer, std::int64_t document_id) const {
  std::map<std::string, std::string> stored;
  {
    Statement rows = writer.prepare("SELECT key, value FROM metadata WHERE document_id = ?");
    rows.bind(document_id);
    while (rows.step()) stored.emplace(rows.text(0), rows.text(1));
  }
  if (stored == document_.content.metadata) return false;
  writer.prepare("DELETE FROM metadata WHERE document_id = ?").run(document_id);
  for (const auto& [key, value] : document_.content.metadata) {
    writer.prepare("INSERT INTO metadata (document_id, key, value) VALUES (?, ?, ?)").run(document_id, key, value);
  }
  return true;
}

bool DocumentWriter::store_chunks(Connection& writer, std::int64_t document_id, bool rewrite_postings) {
  bool changed = !gone_ids_.empty();
  for (const std::int64_t id : gone_ids_) {
    writer.prepare("DELETE FROM postings WHERE rowid = ?").run(id);
    writer.prepare("DELETE FROM chunk WHERE id = ?").run(id);
  }
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const Chunk& chunk = chunks_[i];
    const auto ordinal = static_cast<std::int64_t>(i);
    const auto start = static_cast<std::int64_t>(chunk.span.start);
    const auto end = static_cast<std::int64_t>(chunk.span.end);
    const std::int64_t page = chunk.page;
    const std::int64_t line = chunk.line;
    const std::int64_t tokens = chunk.tokens;
    std::int64_t id = kept_ids_[i];
    if (id != 0) {
      changed = writer.prepare(
                          "UPDATE chunk SET ordinal = ?2, span_start = ?3, span_end = ?4, page = ?5, line = ?6, "
                          "tokens = ?7 WHERE id = ?1 AND (ordinal, span_start, span_end, page, line, tokens) "
                          "<> (?2, ?3, ?4, ?5, ?6, ?7)")
                        .run(id, ordinal, start, end, page, line, tokens) > 0 ||
                changed;
      if (!rewrite_postings) continue;
    } else {
      writer
          .prepare(
              "INSERT INTO chunk (document_id, ordinal, span_start, span_end, page, line, tokens, heading, text) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .run(document_id, ordinal, start, end, page, line, tokens, chunk.heading, chunk.text);
      id = sqlite3_last_insert_rowid(writer.handle());
    }
    write_posting(writer, id, terms(i));
    changed = true;
  }
  return changed;
}

}  // namespace attune::store
