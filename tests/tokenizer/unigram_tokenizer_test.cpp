#include <chrono>

#include <doctest/doctest.h>

#include "tokenizer/tiny_vocabulary.hpp"

namespace {

using attune::ByteSpan;
using attune::Encoding;
using attune::UnigramTokenizer;
using attune::testing::tiny_pieces;
using attune::testing::tokenizer_of;
using attune::testing::vocabulary_of;

std::unique_ptr<UnigramTokenizer> tiny() {
  return tokenizer_of(vocabulary_of(tiny_pieces()));
}

std::string spelled(const UnigramTokenizer& tokenizer, const Encoding& encoding) {
  std::string text;
  for (const std::int32_t id : encoding.ids) text += std::string(tokenizer.piece(id)) + "|";
  return text;
}

std::string full_spelled(const UnigramTokenizer& tokenizer, std::string_view text) {
  std::string result;
  for (const std::int32_t id : tokenizer.segment(text).ids) result += std::string(tokenizer.full_piece(id)) + "|";
  return result;
}

}  // namespace

TEST_CASE("the most probable segmentation wins, not the longest piece") {
  const auto tokenizer = tiny();
  REQUIRE(tokenizer);
  // ▁ + abab = -8, ▁ab + ab = -9, ▁abab = -20.
  CHECK(full_spelled(*tokenizer, "abab") == "▁|abab|");
  // ▁ab = -5 beats ▁a + b = -7, ▁ + ab = -6.
  CHECK(full_spelled(*tokenizer, "ab") == "▁ab|");
  CHECK(full_spelled(*tokenizer, "网络") == "▁|网络|");
}

TEST_CASE("a piece without a row is spelled again with pieces that have one, and its neighbours stay") {
  const auto tokenizer = tiny();
  // "▁ab" has no row: ▁ + ab (-6) is the best way to spell it. "abab" becomes ab + ab.
  CHECK(spelled(*tokenizer, tokenizer->encode("ab")) == "▁|ab|");
  CHECK(spelled(*tokenizer, tokenizer->encode("abab")) == "▁|ab|ab|");
  const Encoding encoding = tokenizer->encode("abab");
  CHECK(encoding.offsets[1] == ByteSpan{0, 2});
  CHECK(encoding.offsets[2] == ByteSpan{2, 4});
  for (const std::int32_t id : encoding.ids) CHECK(id < tokenizer->vocabulary_size());
  CHECK(tokenizer->vocabulary_size() == tokenizer->full_vocabulary_size() - 2);
}

TEST_CASE("white space becomes one mark before each word, and none at the ends") {
  const auto tokenizer = tiny();
  const std::string plain = spelled(*tokenizer, tokenizer->encode("a a"));
  CHECK(plain == "▁a|▁a|");
  for (const char* text : {" a a", "a  a", "a\ta", "a\xE3\x80\x80 a", "a a ", "\t a \t a\t"}) {
    CHECK(spelled(*tokenizer, tokenizer->encode(text)) == plain);
  }
  for (const char* text : {"", " ", "\t \t", "\xE3\x80\x80", "\x01"}) CHECK(tokenizer->encode(text).ids.empty());
}

TEST_CASE("offsets name the bytes of the original text, through normalisation") {
  const auto tokenizer = tiny();
  const std::string text = "a \xEF\xBC\xA1 \xC2\xBD\x01网络";
  const Encoding encoding = tokenizer->encode(text);
  const std::vector<ByteSpan> wanted = {{0, 1}, {2, 5}, {2, 5}, {6, 8}, {6, 8}, {6, 8}, {6, 8}, {9, 15}};
  CHECK(spelled(*tokenizer, encoding) == "▁a|▁|A|▁|1|/|<unk>|网络|");
  CHECK(encoding.offsets == wanted);
}

TEST_CASE("neighbouring characters without a piece are one unknown, which never swallows a known one") {
  const auto tokenizer = tiny();
  const Encoding encoding = tokenizer->encode("xyzaxy");
  CHECK(spelled(*tokenizer, encoding) == "▁|<unk>|a|<unk>|");
  CHECK(encoding.offsets[1] == ByteSpan{0, 3});
  CHECK(encoding.offsets[3] == ByteSpan{4, 6});
}

TEST_CASE("text never becomes a control piece") {
  const auto tokenizer = tiny();
  for (const std::int32_t id : tokenizer->encode("<s> <unk> a<s>").ids) CHECK(tokenizer->piece(id) != "<s>");
}

TEST_CASE("count says how many ids encode gives") {
  const auto tokenizer = tiny();
  for (const char* text : {"", "a", "abab ab xyz", "\xFF\xFE", "网络a½"}) {
    CHECK(tokenizer->count(text) == tokenizer->encode(text).ids.size());
  }
}

TEST_CASE("any bytes are legal, and every span lies in the text and ascends") {
  const auto tokenizer = tiny();
  std::string text;
  std::uint32_t state = 12345;
  for (int round = 0; round < 200; ++round) {
    text.clear();
    for (int byte = 0; byte < 40; ++byte) {
      state = state * 1664525U + 1013904223U;
      text += static_cast<char>(static_cast<unsigned char>(state >> 24U));
    }
    const Encoding encoding = tokenizer->encode(text);
    REQUIRE(encoding.ids.size() == encoding.offsets.size());
    std::size_t last = 0;
    for (const ByteSpan span : encoding.offsets) {
      REQUIRE(span.start >= last);
      REQUIRE(span.end >= span.start);
      REQUIRE(span.end <= text.size());
      last = span.start;
    }
  }
}

TEST_CASE("a megabyte without a space is cut in linear time") {
  const auto tokenizer = tiny();
  const auto seconds_for = [&](std::size_t bytes) {
    const std::string text(bytes, 'a');
    const auto start = std::chrono::steady_clock::now();
    CHECK(tokenizer->count(text) == bytes);  // ▁a, then one piece for each a
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  seconds_for(1000);
  CHECK(seconds_for(1'000'000) < 5.0);
}
