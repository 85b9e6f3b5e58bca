#include <map>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "attune/train/groups.hpp"

#include "train/group_builder.hpp"
#include "train/plain_text.hpp"

namespace attune::train {
namespace {

// `count` groups of which each two neighbours share a passage with the same number.
GroupSet some_set(const std::string& source, int count, int per_passage) {
  GroupBuilder builder(source);
  for (int i = 0; i < count; ++i) {
    const std::string text = "Passage " + std::to_string(i / per_passage) + ", of " + source;
    REQUIRE(builder.add("en", "question " + std::to_string(i) + " of " + source, {{text, 1}}));
  }
  return std::move(builder).finish();
}

double share_of(const GroupSet& set) {
  double out = 0;
  for (const Group& group : set.groups) out += group.held_out ? 1 : 0;
  return out / static_cast<double>(set.groups.size());
}

}  // namespace

TEST_CASE("hold_out: no passage of a held-out group occurs in training, whatever its case and punctuation") {
  std::vector<GroupSet> sets = {some_set("a", 3000, 3), some_set("b", 1000, 1)};
  // The second set repeats passages of the first, written differently.
  GroupBuilder more(std::move(sets[1]));
  for (int i = 0; i < 900; ++i) {
    REQUIRE(more.add("en", "again " + std::to_string(i), {{"PASSAGE " + std::to_string(i) + " of a!", 1}}));
  }
  sets[1] = std::move(more).finish();
  hold_out(sets, 0.05, 7);
  std::map<std::string, std::set<bool>> sides;
  for (const GroupSet& set : sets) {
    for (const Group& group : set.groups) {
      for (const GroupPassage& passage : group.passages) {
        sides[plain_text(set.passages[passage.passage])].insert(group.held_out);
        CHECK((set.held_out[passage.passage] != 0) == group.held_out);
      }
    }
  }
  for (const auto& [text, both] : sides) CHECK(both.size() == 1);
  CHECK(share_of(sets[0]) > 0.03);
  CHECK(share_of(sets[0]) < 0.07);
}

TEST_CASE("hold_out: what one group asks with and another one answers with stands on one side") {
  GroupBuilder there("to-chinese");
  GroupBuilder back("to-english");
  for (int i = 0; i < 400; ++i) {
    const std::string number = std::to_string(i);
    REQUIRE(there.add("en", "sentence " + number, {{"句子" + number, 1}}));
    REQUIRE(back.add("zh", "句子" + number + "。", {{"Sentence " + number, 1}}));
  }
  std::vector<GroupSet> sets = {std::move(there).finish(), std::move(back).finish()};
  hold_out(sets, 0.2, 1);
  for (std::size_t i = 0; i < 400; ++i) CHECK(sets[0].groups[i].held_out == sets[1].groups[i].held_out);
  CHECK(share_of(sets[0]) > 0.1);
  CHECK(share_of(sets[0]) < 0.3);
}

TEST_CASE("hold_out: a part that connects too many groups is trained on") {
  std::vector<GroupSet> sets = {some_set("one", 100, 100)};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    hold_out(sets, 0.5, seed);
    CHECK(share_of(sets[0]) == 0.0);
  }
}

TEST_CASE("hold_out: the seed decides, and a set keeps its sides when another one joins") {
  std::vector<GroupSet> alone = {some_set("a", 500, 1)};
  std::vector<GroupSet> joined = {some_set("c", 400, 2), some_set("a", 500, 1)};
  hold_out(alone, 0.1, 1);
  hold_out(joined, 0.1, 1);
  CHECK(alone[0].held_out == joined[1].held_out);
  hold_out(alone, 0.1, 2);
  CHECK(alone[0].held_out != joined[1].held_out);
  hold_out(alone, 0, 1);
  CHECK(share_of(alone[0]) == 0.0);
}

}  // namespace attune::train
