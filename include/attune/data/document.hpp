// Document: what a reader found in one file. Plain data; made by `reader`, kept by `store`.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/byte_span.hpp"

namespace attune {

enum class BlockKind { heading, paragraph, list_item, quote, code, table_row };

// As goldens and answers write it: "list_item".
constexpr std::string_view block_kind_name(BlockKind kind) {
  switch (kind) {
    case BlockKind::heading:
      return "heading";
    case BlockKind::paragraph:
      return "paragraph";
    case BlockKind::list_item:
      return "list_item";
    case BlockKind::quote:
      return "quote";
    case BlockKind::code:
      return "code";
    case BlockKind::table_row:
      return "table_row";
  }
  return "";
}

// One structural piece of a document's text. Blocks stand in order and never overlap; what lies between two blocks is
// white space. A table row reads by itself ("Name: Ada; Born: 1815"), so that it can be cut from its header.
struct Block {
  BlockKind kind = BlockKind::paragraph;
  ByteSpan span;  // in ExtractedText::text
  int level = 0;  // of a heading: 1 (outermost) … 6; otherwise 0
  int page = 0;   // 1-based page, slide or sheet; 0 where the format has none
  int line = 0;   // 1-based line in the source file; 0 where the format has no lines
};

// The text of one file, as valid UTF-8 with "\n" line ends and no NUL, and its structure.
struct ExtractedText {
  std::string format;    // short lower-case name of the format: "markdown", "pdf", "docx", …
  std::string title;     // from the document itself, or the file's name where it states none; one line
  std::string text;      // everything that can be found and quoted
  std::string language;  // BCP 47 primary tag that the document itself declares ("en", "zh"), "" where it does not
  std::vector<Block> blocks;
  std::map<std::string, std::string> metadata;  // front matter, author, date, …; keys in lower case
  std::vector<std::string> notes;               // what was lost or guessed: "decoded as GB18030", "cut at 64 MiB"
};

// One indexed file.
struct Document {
  std::int64_t id = 0;             // never reused; 0 before it is stored
  std::int64_t collection_id = 0;  // the indexed folder that it belongs to
  std::string path;                // relative to the collection's folder, UTF-8, '/' between parts
  std::string sha256;              // of the file's bytes, 64 hexadecimal digits
  std::uint64_t size = 0;          // of the file, bytes
  std::int64_t modified_ns = 0;    // of the file, nanoseconds since 1970 UTC
  std::string language;            // declared or detected BCP 47 primary tag, "" if unknown
  ExtractedText content;
};

}  // namespace attune
