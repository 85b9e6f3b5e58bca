// Chunk: where do we cut a document?
//
// After reading, before the store. Cuts follow structure: never across headings, else between paragraphs, else between
// sentences, else between words; never inside a code point or grapheme. Thread-safe.
#pragma once

#include <vector>

#include "attune/core/result.hpp"
#include "attune/data/chunk.hpp"
#include "attune/data/document.hpp"
#include "attune/tokenizer.hpp"

namespace attune {

struct ChunkOptions {
  int target_tokens = 256;  // a chunk is closed at the first good place after this many
  int max_tokens = 400;     // hard limit; must not pass what the embedder reads
  int overlap_tokens = 40;  // whole sentences repeated at the head of the next chunk when a section is cut
};

// The document's chunks in order; none for a document without text. Ids stay 0.
std::vector<Chunk> chunk_document(const Document& document, const Tokenizer& tokenizer,
                                  const ChunkOptions& options = {});

// A name that changes whenever the cuts change.
std::string chunker_version(const ChunkOptions& options);

}  // namespace attune
