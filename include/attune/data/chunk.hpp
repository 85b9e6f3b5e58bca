// Chunk: the unit that is embedded, found and quoted: a contiguous piece of one document's text. Plain data.
#pragma once

#include <cstdint>
#include <string>

#include "attune/core/byte_span.hpp"

namespace attune {

struct Chunk {
  std::int64_t id = 0;           // never reused; 0 before it is stored
  std::int64_t document_id = 0;  // 0 before it is stored
  int ordinal = 0;               // 0-based place within the document
  ByteSpan span;                 // in the document's extracted text
  int page = 0;                  // of its first block, 0 if none
  int line = 0;                  // of its first block, 0 if none
  int tokens = 0;                // of `text` in the embedder's vocabulary
  std::string heading;           // path of headings above it, outermost first, joined by " › "; "" if none
  std::string text;              // exactly span.of(document text)
};

}  // namespace attune
