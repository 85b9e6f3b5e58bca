// Pieces: what a chunk is put together from, and how a piece that is too long is cut.
//
// Private to the chunk room.
#pragma once

#include <string_view>
#include <vector>

#include "attune/core/byte_span.hpp"
#include "attune/data/document.hpp"
#include "attune/tokenizer.hpp"

namespace attune::chunk {

enum class PieceKind {
  block,     // a whole block
  sentence,  // a sentence of a block, or a line of code
  fragment   // part of a sentence that was too long
};

struct Piece {
  ByteSpan span;  // in the document's text
  int tokens = 0;
  PieceKind kind = PieceKind::block;
  BlockKind block = BlockKind::paragraph;
  bool repeated = false;  // also stands at the end of the chunk before
};

int count_tokens(const Tokenizer& tokenizer, std::string_view text, ByteSpan span);

// The sentences of a piece, or its lines if it is code. Covers everything but white space.
std::vector<Piece> sentence_pieces(std::string_view text, const Piece& piece, std::string_view language,
                                   const Tokenizer& tokenizer);

// Parts of at most `max_tokens` each (at least 1): cut between words, else between graphemes, and inside a grapheme
// only where one alone is longer than that. Cost grows with the length of the piece, not with its square.
std::vector<Piece> fragments(std::string_view text, const Piece& piece, int max_tokens, const Tokenizer& tokenizer);

}  // namespace attune::chunk
