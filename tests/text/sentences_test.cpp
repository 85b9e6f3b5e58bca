#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "attune/text.hpp"

namespace attune::text {
namespace {

std::vector<std::string> sentence_texts(std::string_view text, std::string_view language = "") {
  std::vector<std::string> found;
  for (const ByteSpan& span : sentences(text, language)) found.emplace_back(span.of(text));
  return found;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("sentences: every script's stops end one, and the space between them belongs to none") {
  CHECK(sentence_texts("One. Two!  Three? ") == Texts{"One.", "Two!", "Three?"});
  CHECK(sentence_texts("这是一句。那是另一句？好！") == Texts{"这是一句。", "那是另一句？", "好！"});
  CHECK(sentence_texts("यह एक है। वह दो है।") == Texts{"यह एक है।", "वह दो है।"});
  CHECK(sentence_texts("").empty());
  CHECK(sentence_texts(" \n ").empty());
}

TEST_CASE("sentences: numbers, versions and known abbreviations end none") {
  CHECK(sentence_texts("Use 3.14 or v2.3. Done.").size() == 2);
  CHECK(sentence_texts("See Mr. Smith now.", "en").size() == 1);
}

TEST_CASE("sentences: a wrapped line goes on, an empty line ends the sentence") {
  CHECK(sentence_texts("a line that is\nwrapped here.\n\nNext part") ==
        Texts{"a line that is\nwrapped here.", "Next part"});
}

TEST_CASE("graphemes: a boundary is never inside a character, an emoji family, a flag or a syllable") {
  const std::string family = "👨‍👩‍👧‍👦";
  for (std::size_t i = 1; i < family.size(); ++i) CHECK(grapheme_boundary_at_or_before(family, i) == 0);
  const std::string flags = "🇩🇪🇫🇷";
  CHECK(grapheme_boundary_at_or_before(flags, 4) == 0);
  CHECK(grapheme_boundary_at_or_before(flags, 8) == 8);
  CHECK(grapheme_boundary_at_or_before(flags, 12) == 8);
  CHECK(grapheme_boundary_at_or_before("ae\u0301b", 2) == 1);
  CHECK(grapheme_boundary_at_or_before("\u1112\u1161\u11AB", 3) == 0);
  for (const std::size_t within : {3U, 4U, 5U}) CHECK(grapheme_boundary_at_or_before("茶园", within) == 3);
  CHECK(grapheme_boundary_at_or_before("abc", 99) == 3);
  CHECK(grapheme_boundary_at_or_before("", 5) == 0);
}

}  // namespace attune::text
