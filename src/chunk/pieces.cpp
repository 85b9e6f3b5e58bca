#include "chunk/pieces.hpp"

#include <algorithm>

#include "attune/text.hpp"

namespace attune::chunk {
namespace {

bool is_space(char byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r' || byte == '\f' || byte == '\v';
}

std::size_t code_point_at_or_before(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return text.size();
  while (offset > 0 && (static_cast<unsigned char>(text[offset]) & 0xC0U) == 0x80U) --offset;
  return offset;
}

// The start of the word or number that `cut` would cut through, else `cut`.
std::size_t before_word(std::string_view rest, std::size_t cut) {
  // Long enough for any word; what is longer is cut anyway.
  constexpr std::size_t kReach = 128;
  const std::size_t from = code_point_at_or_before(rest, cut > kReach ? cut - kReach : 0);
  const std::size_t to = code_point_at_or_before(rest, std::min(rest.size(), cut + kReach));
  std::size_t start = cut;
  for (const text::Term& term : text::index_terms(rest.substr(from, to - from))) {
    if (term.kind != text::TermKind::word) continue;
    const ByteSpan span{term.span.start + from, term.span.end + from};
    if (span.start < cut && cut < span.end && (from == 0 || span.start > from)) start = std::min(start, span.start);
  }
  return start;
}

// The best place to cut at or before `limit`, greater than 0.
std::size_t best_cut(std::string_view rest, std::size_t limit) {
  limit = std::max<std::size_t>(1, limit);
  if (limit >= rest.size()) return rest.size();
  // White space in the last half is as good as a word's end can be.
  for (std::size_t at = limit; at > limit / 2; --at) {
    if (is_space(rest[at]) && text::grapheme_boundary_at_or_before(rest, at) == at) return at;
  }
  const std::size_t words = text::grapheme_boundary_at_or_before(rest, before_word(rest, limit));
  if (words > limit / 2) return words;
  const std::size_t grapheme = text::grapheme_boundary_at_or_before(rest, limit);
  if (grapheme > 0) return grapheme;
  // One grapheme alone is too long.
  std::size_t code_point = code_point_at_or_before(rest, limit);
  while (code_point == 0 || (code_point < rest.size() && code_point_at_or_before(rest, code_point) != code_point)) {
    ++code_point;
  }
  return code_point;
}

// How many bytes of `rest` make a fragment.
std::size_t fragment_size(std::string_view rest, int max_tokens, const Tokenizer& tokenizer, int& tokens) {
  // No more than this is looked at for one fragment, so that the cost stays linear.
  constexpr std::size_t kBytesForToken = 24;
  const auto most = static_cast<std::size_t>(max_tokens);
  const std::size_t window = code_point_at_or_before(rest, most * kBytesForToken);
  const Encoding encoded = tokenizer.encode(rest.substr(0, window));
  std::size_t size = encoded.ids.size() > most ? encoded.offsets[most].start : window;
  for (;;) {
    size = best_cut(rest, size);
    tokens = static_cast<int>(tokenizer.count(rest.substr(0, size)));
    if (tokens <= max_tokens) return size;
    // A piece of a word may need more tokens than its share of the word did.
    const std::size_t shorter = size * 9 / 10;
    if (shorter == 0 || best_cut(rest, shorter) >= size) return size;
    size = shorter;
  }
}

ByteSpan without_space(std::string_view text, ByteSpan span) {
  while (!span.empty() && is_space(text[span.start])) ++span.start;
  while (!span.empty() && is_space(text[span.end - 1])) --span.end;
  return span;
}

std::vector<ByteSpan> lines_of(std::string_view text, ByteSpan span) {
  std::vector<ByteSpan> lines;
  for (std::size_t start = span.start; start < span.end;) {
    const std::size_t end = std::min(text.find('\n', start), span.end);
    if (!without_space(text, {start, end}).empty()) lines.push_back({start, end});
    start = end + 1;
  }
  return lines;
}

}  // namespace

int count_tokens(const Tokenizer& tokenizer, std::string_view text, ByteSpan span) {
  return static_cast<int>(tokenizer.count(span.of(text)));
}

std::vector<Piece> sentence_pieces(std::string_view text, const Piece& piece, std::string_view language,
                                   const Tokenizer& tokenizer) {
  std::vector<ByteSpan> spans;
  if (piece.block == BlockKind::code) {
    spans = lines_of(text, piece.span);
  } else {
    for (const ByteSpan& span : text::sentences(piece.span.of(text), language)) {
      spans.push_back({piece.span.start + span.start, piece.span.start + span.end});
    }
  }
  std::vector<Piece> pieces;
  pieces.reserve(spans.size());
  for (const ByteSpan& span : spans) {
    pieces.push_back({span, count_tokens(tokenizer, text, span), PieceKind::sentence, piece.block});
  }
  return pieces;
}

std::vector<Piece> fragments(std::string_view text, const Piece& piece, int max_tokens, const Tokenizer& tokenizer) {
  std::vector<Piece> pieces;
  ByteSpan rest = without_space(text, piece.span);
  while (!rest.empty()) {
    int tokens = 0;
    const std::size_t size = fragment_size(rest.of(text), max_tokens, tokenizer, tokens);
    pieces.push_back({{rest.start, rest.start + size}, tokens, PieceKind::fragment, piece.block});
    rest.start += size;
    while (!rest.empty() && is_space(text[rest.start])) ++rest.start;
  }
  return pieces;
}

}  // namespace attune::chunk
