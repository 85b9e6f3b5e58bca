#include "train/edit_targets.hpp"

#include <doctest/doctest.h>

#include "attune/text.hpp"

namespace attune::train {
namespace {

// A piece for each unit.
class UnitTokenizer final : public Tokenizer {
 public:
  [[nodiscard]] Encoding encode(std::string_view text) const override {
    Encoding encoding;
    encoding.offsets = text::edit_units(text);
    encoding.ids.assign(encoding.offsets.size(), 5);
    return encoding;
  }
  [[nodiscard]] std::string_view piece(std::int32_t) const override { return ""; }
  [[nodiscard]] std::int32_t vocabulary_size() const override { return 10; }
};

const std::vector<std::string> kGlue = {"", "'s", "besides", "的"};

struct Found {
  std::optional<EditTargets> targets;
  std::string text;  // what applying them writes
};

Found find(const Conversation& conversation, std::string_view rewrite) {
  const EditShape shape = {.lower_layers = 1, .upper_layers = 1, .glue = kGlue.size(), .layer = {2, 1, 2}};
  const auto reading = read_conversation(conversation, UnitTokenizer(), SequenceTemplate::roberta(0, 2), shape);
  REQUIRE(reading);
  Found found{find_edit_targets(conversation, *reading, rewrite, kGlue), {}};
  if (!found.targets) return found;
  Edits edits{.remove = found.targets->remove, .insertions = {}};
  for (const auto& insertion : found.targets->insertions) {
    edits.insertions.push_back({insertion.slot, insertion.spans.back().first, insertion.spans.back().second,
                                insertion.before, insertion.after});
  }
  found.text = apply_edits(conversation, *reading, edits, kGlue).text;
  return found;
}

}  // namespace

TEST_CASE("edit targets: a pronoun gives way to the span it stands for, wherever that stands") {
  const Found found = find({{"黄少天的角色是谁", "看黄少天打荣耀我都要静音"}, "他用那个角色"}, "黄少天用那个角色");
  REQUIRE(found.targets);
  CHECK(found.text == "黄少天用那个角色");
  CHECK(found.targets->remove == std::vector<bool>{true, false, false, false, false, false});
  REQUIRE(found.targets->insertions.size() == 1);
  CHECK(found.targets->insertions[0].slot == 0);
  CHECK(found.targets->insertions[0].spans == std::vector<std::pair<std::size_t, std::size_t>>{{0, 2}, {9, 11}});
}

TEST_CASE("edit targets: short words stand beside a span, and case does not count") {
  Found found = find({{"ann lee has a dog"}, "What is her name?"}, "What is Ann Lee's name?");
  REQUIRE(found.targets);
  CHECK(found.text == "What is ann lee's name?");
  CHECK(found.targets->insertions[0].after == 1);
  found = find({{"我喜欢苹果"}, "味道怎么样"}, "苹果的味道怎么样");
  CHECK(found.text == "苹果的味道怎么样");
  found = find({{"she has a dog"}, "anything else?"}, "anything else besides a dog?");
  CHECK(found.text == "anything else besides a dog?");
}

TEST_CASE("edit targets: a complete question has none, what nobody said is approximated or given up") {
  Found found = find({{"苹果"}, "今天星期几"}, "今天星期几");
  REQUIRE(found.targets);
  CHECK(found.targets->insertions.empty());
  CHECK(found.text == "今天星期几");
  // Half of what is new was said.
  found = find({{"the Chicago Bulls won"}, "who played?"}, "who played against the Chicago Bulls?");
  CHECK(found.text == "who played the Chicago Bulls?");
  CHECK_FALSE(find({{"the Bulls won"}, "who played?"}, "who played in Boston last year?").targets);
}

TEST_CASE("two texts have the same units whatever their case and spaces") {
  CHECK(same_units("Who is  Ann ?", "who is ann?"));
  CHECK_FALSE(same_units("who is ann", "who is ann?"));
}

}  // namespace attune::train
