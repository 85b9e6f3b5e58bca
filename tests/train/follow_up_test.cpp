#include "train/follow_up.hpp"

#include <set>

#include <doctest/doctest.h>

namespace attune::train {
namespace {

std::string repeated(std::string_view before, std::string_view question) {
  const auto stretch = repeated_stretch(before, question);
  return stretch ? std::string(stretch->of(question)) : "";
}

}  // namespace

TEST_CASE("follow-up: the longest stretch that the question before says too, in whole words and characters") {
  CHECK(repeated("范廷颂是什么时候被任为主教的？", "1990年，范廷颂担任什么职务？") == "范廷颂");
  CHECK(repeated("who built the Eiffel Tower?", "How high is the eiffel tower today?") == "the eiffel tower");
  CHECK(repeated("who built the house?", "what is of note?").empty());
  CHECK(repeated("who built the house of it?", "what is the name of it?").empty());   // "of it" says nothing
  CHECK(repeated("where is the Eiffel Tower", "where is the Eiffel Tower").empty());  // nothing would be left
  CHECK(repeated("", "what").empty());
  CHECK(repeated("a, b, c, d", "e, f, g, h").empty());
}

TEST_CASE("follow-up: the stretch goes, or a pronoun takes its place, and the same seed does the same") {
  const std::string question = "How high is the Eiffel Tower today?";
  const auto stretch = repeated_stretch("who built the Eiffel Tower?", question);
  REQUIRE(stretch);
  std::set<std::string> made;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Randomness chance(seed);
    Randomness again(seed);
    made.insert(leave_out(question, *stretch, chance));
    CHECK(made.contains(leave_out(question, *stretch, again)));
  }
  CHECK(made == std::set<std::string>{"How high is today?", "How high is he today?", "How high is it today?",
                                      "How high is she today?", "How high is they today?", "How high is this today?"});
}

}  // namespace attune::train
