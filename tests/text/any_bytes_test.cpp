#include <random>
#include <string>

#include <doctest/doctest.h>

#include "attune/text.hpp"

namespace attune::text {
namespace {

// Half of it noise, half of it bytes that begin or go on with characters, so that nearly valid text comes up as well.
std::string random_bytes(std::mt19937& random, std::size_t size) {
  constexpr std::string_view kSeeds[] = {
      "a",  "9", ".",      "_", "'", "’", "，", "軟",       "體",           "の",       "ｶ",    "ﾞ",
      "한", "ไ", "\u0301", "ß", "İ", "ﷺ", "🇩",  "\xF0\x9F", "\xED\xA0\x80", "\xC0\x80", "\xFF", "\xE4\xB8"};
  std::string bytes;
  while (bytes.size() < size) {
    if (random() % 4 == 0) {
      bytes += static_cast<char>(random() % 256);
    } else {
      bytes += kSeeds[random() % std::size(kSeeds)];
    }
  }
  return bytes;
}

bool on_boundary(std::string_view text, std::size_t offset) {
  return offset == text.size() || (static_cast<unsigned char>(text[offset]) & 0xC0U) != 0x80U;
}

}  // namespace

TEST_CASE("any bytes: terms, sentences and graphemes stay within the text, on whole characters of valid text") {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    const std::string noise = random_bytes(random, round % 97);
    const std::string valid = to_valid_utf8(noise);
    REQUIRE(is_valid_utf8(valid));
    for (const std::string& text : {noise, valid}) {
      const bool whole = text == valid;
      for (const auto& terms : {index_terms(text, round % 2 == 0 ? "fr" : ""), query_terms(text, {"de", "zh"})}) {
        std::size_t place = 0;
        for (const Term& term : terms) {
          REQUIRE(term.span.start >= place);
          place = term.span.start;
          REQUIRE(!term.text.empty());
          REQUIRE(term.text.find_first_of(" \t\n\r") == std::string::npos);
          REQUIRE(is_valid_utf8(term.text));
          REQUIRE(term.span.start < term.span.end);
          REQUIRE(term.span.end <= text.size());
          if (whole) REQUIRE((on_boundary(text, term.span.start) && on_boundary(text, term.span.end)));
        }
      }
      std::size_t behind = 0;
      for (const ByteSpan& span : sentences(text)) {
        REQUIRE(span.start >= behind);
        REQUIRE(span.start < span.end);
        REQUIRE(span.end <= text.size());
        behind = span.end;
      }
      const std::size_t offset = text.empty() ? 0 : random() % text.size();
      REQUIRE(grapheme_boundary_at_or_before(text, offset) <= offset);
      CHECK(is_valid_utf8(to_simplified(text)));
      detect_language(text);
      const auto decoded = decode(text);
      if (decoded) REQUIRE(is_valid_utf8(decoded->utf8));
    }
  }
}

TEST_CASE("any bytes: the same text with its malformed parts replaced gives the same terms") {
  const std::string broken = "static\xFF ip \xE4\xB8 地址";
  CHECK(index_terms(broken).size() == index_terms(to_valid_utf8(broken)).size());
  CHECK(to_valid_utf8("a\xFF") == "a\xEF\xBF\xBD");
  CHECK(to_valid_utf8("\xE4\xB8"
                      "a") ==
        "\xEF\xBF\xBD"
        "a");
  CHECK_FALSE(is_valid_utf8("\xED\xA0\x80"));
  CHECK(is_valid_utf8("\xEF\xBF\xBD"));
}

}  // namespace attune::text
