#include "train/augment.hpp"

#include <set>
#include <string>

#include <doctest/doctest.h>

#include "attune/text.hpp"
#include "attune/train/batches.hpp"

namespace attune::train {

TEST_CASE("augment: case changes ASCII letters alone") {
  CHECK(lower_case("Who WAS Émile, 三星 X?") == "who was Émile, 三星 x?");
  CHECK(upper_case("who was émile?") == "WHO WAS éMILE?");
  CHECK(title_case("who's the émile of o'neil, x2y") == "Who's The émile Of O'neil, X2y");
  CHECK(sentence_case("do i know it? i'm sure. ibm said so! \"yes.\" e.g.this") ==
        "Do I know it? I'm sure. Ibm said so! \"Yes.\" e.g.this");
  CHECK(sentence_case("三星 i 和 IBM") == "三星 I 和 IBM");
  CHECK(sentence_case("").empty());
}

TEST_CASE("augment: a typo changes one word of four letters and more, never its first letter") {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Randomness chance(seed);
    const std::string changed = with_typo("is Paris the 三星 caféx a1b2c3", chance);
    REQUIRE(changed.starts_with("is P"));
    REQUIRE(changed.ends_with(" the 三星 caféx a1b2c3"));
    seen.insert(changed);
  }
  CHECK(seen.size() > 20);
  Randomness chance(1);
  CHECK(with_typo("三星 is it", chance) == "三星 is it");
  CHECK(with_typo("", chance).empty());
}

TEST_CASE("augment: the question mark goes with its spaces, and nothing else") {
  CHECK(without_question_mark("What is (are) X ?") == "What is (are) X");
  CHECK(without_question_mark("什么？") == "什么");
  CHECK(without_question_mark("a? b") == "a? b");
  CHECK(without_question_mark("?") == "?");
}

TEST_CASE("augment: a cut passage keeps whole sentences, the one nearest to the question among them") {
  const std::string text = "The sun is far. Oslo lies by a fjord. Ships come often. Nobody counts them.";
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Randomness chance(seed);
    const std::string cut(some_sentences(text, "where does Oslo lie?", chance));
    REQUIRE(cut.find("Oslo lies by a fjord.") != std::string::npos);
    REQUIRE(cut.size() < text.size());
    REQUIRE(cut.ends_with("."));
    seen.insert(cut);
  }
  CHECK(seen.size() == 5);
  Randomness chance(1);
  CHECK(some_sentences("one sentence", "sentence", chance) == "one sentence");
}

TEST_CASE("augment: whatever is done to a text, it stays UTF-8 and is the same again for the same number") {
  const AugmentOptions all{.lower_case = 0.25,
                           .sentence_case = 0.25,
                           .title_case = 0.25,
                           .upper_case = 0.25,
                           .typos = 1,
                           .traditional = 0.5,
                           .no_question_mark = 0.5,
                           .shorter = 0.5};
  const std::string texts[] = {"头发发白的皇后？第二句。Third one, naïve 😀 words?",
                               "Ünïcödé wörds élan vital?",
                               "👩‍👩‍👧 family? e\xCC\x81tude 三",
                               "plain words only",
                               "?",
                               "？"};
  std::set<std::string> seen;
  for (const std::string& text : texts) {
    for (std::uint64_t chance = 0; chance < 300; ++chance) {
      const std::string query = augment_query(text, all, chance);
      const std::string passage = augment_passage(text, texts[0], all, chance);
      REQUIRE(text::is_valid_utf8(query));
      REQUIRE(text::is_valid_utf8(passage));
      REQUIRE(!query.empty());
      REQUIRE(!passage.empty());
      REQUIRE(query == augment_query(text, all, chance));
      REQUIRE(passage == augment_passage(text, texts[0], all, chance));
      seen.insert(query);
    }
  }
  CHECK(seen.size() > 100);
  CHECK(augment_query("Is This So?", {}, 3) == "Is This So?");
}

TEST_CASE("augment: rates hold, and both scripts occur") {
  int lower = 0;
  int traditional = 0;
  for (std::uint64_t chance = 0; chance < 2000; ++chance) {
    lower += augment_query("ABC", {.lower_case = 0.3, .upper_case = 0.3}, chance) == "abc" ? 1 : 0;
    traditional += augment_passage("头发", "", {.traditional = 0.5}, chance) == "頭髮" ? 1 : 0;
  }
  CHECK(lower > 500);
  CHECK(lower < 700);
  CHECK(traditional > 900);
  CHECK(traditional < 1100);
}

}  // namespace attune::train
