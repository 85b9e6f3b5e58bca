#include <doctest/doctest.h>

#include "attune/text.hpp"

namespace attune {

namespace {

std::vector<std::string> runs(std::string_view utf8) {
  std::vector<std::string> words;
  for (const ByteSpan& span : text::word_runs(utf8)) words.emplace_back(span.of(utf8));
  return words;
}

}  // namespace

TEST_CASE("lower case: by Unicode's full mapping, final sigma included, and whatever the bytes are") {
  CHECK(text::lower_case("ABC ÀÉ 中文") == "abc àé 中文");
  CHECK(text::lower_case("ΣΑΣ") == "σας");
  CHECK(text::lower_case("ẞ") == "ß");
  CHECK(text::lower_case("A\xFFZ") == "a\xEF\xBF\xBDz");
  CHECK(text::lower_case("").empty());
}

TEST_CASE("word runs: letters and digits of any script with their marks, nothing else") {
  CHECK(runs("it's Beyoncé’s C++, 1.5!") == std::vector<std::string>{"it", "s", "Beyoncé", "s", "C", "1", "5"});
  CHECK(runs("e\u0301te\u0301") == std::vector<std::string>{"e\u0301te\u0301"});
  CHECK(runs("\u0301 a_b") == std::vector<std::string>{"a", "b"});
  CHECK(runs("中文abc") == std::vector<std::string>{"中文abc"});
  CHECK(runs("a\xFF"
             "b") == std::vector<std::string>{"a", "b"});
  CHECK(runs(" … ").empty());
}

TEST_CASE("code points: one for each character, and one for what is not UTF-8") {
  CHECK(text::code_points("aé中") == U"aé中");
  CHECK(text::code_points("a\xFFz") == U"a\xFFFDz");
  CHECK(text::code_points("").empty());
}

TEST_CASE("pinyin: a syllable without tone for each Chinese character, nothing for what is none") {
  CHECK(text::pinyin("配置") == "pei zhi");
  CHECK(text::pinyin("绿") == "lu");
  CHECK(text::pinyin("置a").empty());
  CHECK(text::pinyin("かな").empty());
  CHECK(text::pinyin("\xE9\x85").empty());
  CHECK(text::pinyin("").empty());
}

}  // namespace attune
