#include <array>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "attune/chunk.hpp"
#include "attune/text.hpp"

#include "chunk/word_tokenizer.hpp"

namespace attune {
namespace {

// Stretches that are hard to cut: letters, marks, emoji families, flags, Hangul parts, wide spaces, long words.
constexpr std::array<std::string_view, 22> kStretches{
    "word ",     "Dr. ", "end. ", "值",   "得。", "ガ",   "e\u0301", "👨‍👩‍👧‍👦", "🇩🇪",  "🇫🇷",
    "한",        "각",   "ا",     "สวัสดี", "\n",   "\n\n", "\u3000",  "incomprehensibilities",     "क्षि", "3.14 ",
    "static_ip", "？ "};

std::string random_text(std::mt19937& random, std::size_t stretches) {
  std::string text;
  for (std::size_t i = 0; i < stretches; ++i) text += kStretches[random() % kStretches.size()];
  return text;
}

Document random_document(std::mt19937& random) {
  constexpr std::array<BlockKind, 6> kKinds{BlockKind::heading, BlockKind::paragraph, BlockKind::list_item,
                                            BlockKind::quote,   BlockKind::code,      BlockKind::table_row};
  Document document;
  for (int i = 0; i < 12; ++i) {
    const BlockKind kind = kKinds[random() % kKinds.size()];
    const std::string block = "x" + random_text(random, kind == BlockKind::heading ? 3 : random() % 60) + "y";
    std::string& text = document.content.text;
    if (!text.empty()) text += "\n\n";
    const int level = kind == BlockKind::heading ? 1 + static_cast<int>(random() % 4) : 0;
    document.content.blocks.push_back({kind, {text.size(), text.size() + block.size()}, level, 0, i + 1});
    text += block;
  }
  return document;
}

bool is_only_space(std::string_view text) {
  std::string rest(text);
  for (const std::string_view space : {" ", "\n", "\u3000"}) {
    for (auto at = rest.find(space); at != std::string::npos; at = rest.find(space)) rest.erase(at, space.size());
  }
  return rest.empty();
}

}  // namespace

TEST_CASE("chunk: on any text, chunks are in order, cover it, stay within the limit and cut no grapheme") {
  std::mt19937 random(20240601);
  const WordTokenizer tokenizer;
  for (int round = 0; round < 150; ++round) {
    const Document document = random_document(random);
    const std::string& text = document.content.text;
    const int limit = 12 + static_cast<int>(random() % 60);
    const auto chunks = chunk_document(
        document, tokenizer, {.target_tokens = limit * 2 / 3, .max_tokens = limit, .overlap_tokens = limit / 6});
    CAPTURE(round);
    std::size_t covered = 0;
    std::size_t last_start = 0;
    for (const Chunk& chunk : chunks) {
      CAPTURE(chunk.text);
      REQUIRE(chunk.span.end <= text.size());
      REQUIRE(chunk.text == chunk.span.of(text));
      REQUIRE(chunk.tokens == static_cast<int>(tokenizer.count(chunk.text)));
      REQUIRE(chunk.tokens <= limit);
      REQUIRE((chunk.ordinal == 0 || chunk.span.start > last_start));
      REQUIRE(chunk.span.end > covered);
      if (chunk.span.start > covered) {
        REQUIRE(is_only_space(std::string_view(text).substr(covered, chunk.span.start - covered)));
      }
      REQUIRE(text::grapheme_boundary_at_or_before(text, chunk.span.start) == chunk.span.start);
      REQUIRE(text::grapheme_boundary_at_or_before(text, chunk.span.end) == chunk.span.end);
      covered = chunk.span.end;
      last_start = chunk.span.start;
    }
    REQUIRE(is_only_space(std::string_view(text).substr(covered)));
  }
}

TEST_CASE("chunk: a grapheme longer than a whole chunk is cut between code points, and nothing hangs") {
  Document document;
  document.content.text = "e";
  for (int i = 0; i < 3000; ++i) document.content.text += "\u0301";
  const WordTokenizer tokenizer;
  const auto chunks = chunk_document(document, tokenizer, {.target_tokens = 20, .max_tokens = 30, .overlap_tokens = 5});
  CHECK(chunks.size() > 10);
  for (const Chunk& chunk : chunks) {
    CHECK(chunk.tokens <= 30);
    CHECK(text::is_valid_utf8(chunk.text));
  }
}

TEST_CASE("chunk: the cost of a text without any place to cut grows with its length") {
  Document document;
  document.content.text = std::string(1 << 20, 'a');
  const auto chunks = chunk_document(document, WordTokenizer());
  std::size_t bytes = 0;
  for (const Chunk& chunk : chunks) bytes += chunk.text.size();
  CHECK(bytes == document.content.text.size());
}

}  // namespace attune
