#include <cmath>
#include <functional>

#include <doctest/doctest.h>

#include "tokenizer/tiny_vocabulary.hpp"

using attune::UnigramTokenizer;
using attune::UnigramVocabulary;
using attune::testing::tiny_pieces;
using attune::testing::vocabulary_of;

TEST_CASE("a vocabulary that does not fit together is refused with what is wrong") {
  struct Flaw {
    const char* said;
    std::function<void(UnigramVocabulary&)> make;
  };
  const std::vector<Flaw> flaws = {
      {"one score", [](UnigramVocabulary& v) { v.scores.pop_back(); }},
      {"one row", [](UnigramVocabulary& v) { v.rows.pop_back(); }},
      {"ascend", [](UnigramVocabulary& v) { std::swap(v.rows[2], v.rows[3]); }},
      {"ascend", [](UnigramVocabulary& v) { v.rows[2] = 2'000'000'000; }},
      {"not finite", [](UnigramVocabulary& v) { v.scores[4] = std::nanf(""); }},
      {"end too early", [](UnigramVocabulary& v) { v.piece_bytes.pop_back(); }},
      {"left over", [](UnigramVocabulary& v) { v.piece_bytes += 'x'; }},
      {"unknown id", [](UnigramVocabulary& v) { v.unknown_id = 99; }},
      {"unknown id", [](UnigramVocabulary& v) { v.unknown_id = -1; }},
      {"has no row", [](UnigramVocabulary& v) { v.unknown_id = 7; }},
      {"control id", [](UnigramVocabulary& v) { v.control_ids.push_back(-3); }},
      {"not sorted", [](UnigramVocabulary& v) { std::swap(v.map_from[0], v.map_from[1]); }},
      {"no pieces", [](UnigramVocabulary& v) { v = UnigramVocabulary{}; }},
  };
  for (const Flaw& flaw : flaws) {
    UnigramVocabulary vocabulary = vocabulary_of(tiny_pieces());
    flaw.make(vocabulary);
    const auto tokenizer = UnigramTokenizer::create(std::move(vocabulary));
    CAPTURE(flaw.said);
    REQUIRE_FALSE(tokenizer);
    CHECK(tokenizer.error().kind == attune::ErrorKind::bad_input);
    CAPTURE(tokenizer.error().text);
    CHECK(tokenizer.error().text.find(flaw.said) != std::string::npos);
  }
}

TEST_CASE("repeated pieces, empty pieces and marks inside a piece are refused") {
  auto pieces = tiny_pieces();
  pieces.push_back({"ab", -9});
  CHECK_FALSE(UnigramTokenizer::create(vocabulary_of(pieces)));
  pieces.back() = {"", -9};
  CHECK_FALSE(UnigramTokenizer::create(vocabulary_of(pieces)));
  pieces.back() = {"a▁b", -9};
  CHECK_FALSE(UnigramTokenizer::create(vocabulary_of(pieces)));
  pieces.back() = {"▁▁", -9};
  CHECK_FALSE(UnigramTokenizer::create(vocabulary_of(pieces)));
}
