#include "attune/train/batches.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "train/group_builder.hpp"
#include "train/word_embedder.hpp"

namespace attune::train {
namespace {

GroupSet some_set(const std::string& source, int count) {
  GroupBuilder builder(source);
  for (int i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    const std::string text = "thing" + number + " is red " + std::string(static_cast<std::size_t>(i % 50) * 8, 'x');
    REQUIRE(builder.add("en", "what is thing" + number, {{text, 1}}));
  }
  GroupSet set = std::move(builder).finish();
  hold_out(std::span(&set, 1), 0.1, 5);
  const testing::WordEmbedder embedder;
  auto mined = mine(set, embedder, {.bm25 = 20, .dense = 20, .keep = 16});
  REQUIRE(mined);
  return std::move(*mined);
}

std::map<std::pair<std::uint32_t, std::uint32_t>, int> visits(const std::vector<std::vector<GroupPlace>>& steps) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, int> counts;
  for (const auto& step : steps) {
    for (const GroupPlace& place : step) ++counts[{place.set, place.group}];
  }
  return counts;
}

}  // namespace

TEST_CASE("present_group: the positive first, then hard negatives with their scores, then easy ones without") {
  const GroupSet set = some_set("a", 200);
  std::set<std::vector<std::uint32_t>> seen;
  for (std::uint64_t visit = 0; visit < 20; ++visit) {
    for (std::size_t index = 0; index < set.groups.size(); ++index) {
      const Group& group = set.groups[index];
      const PresentedGroup shown = present_group(set, index, {.size = 8, .easy = 2}, visit);
      REQUIRE(shown.passages.size() == 8);
      REQUIRE(shown.scores.size() == 16);
      std::set<std::uint32_t> different;
      for (std::size_t i = 0; i < 8; ++i) {
        const PresentedPassage& passage = shown.passages[i];
        different.insert(passage.passage);
        REQUIRE((passage.grade > 0) == (i == 0));
        REQUIRE(std::isnan(shown.scores[2 * i]) == (i >= 6));
        REQUIRE(passage.text == set.passages[passage.passage]);
        REQUIRE(!passage.changed);
        REQUIRE((set.held_out[passage.passage] == 0 || group.held_out));
        REQUIRE(!std::binary_search(group.avoid.begin(), group.avoid.end(), passage.passage));
      }
      REQUIRE(different.size() == 8);
      if (index == 0) seen.insert({different.begin(), different.end()});
    }
  }
  CHECK(seen.size() > 15);
}

TEST_CASE("present_group: what may answer as well never stands in as an easy negative") {
  GroupBuilder builder("avoiding");
  REQUIRE(builder.add("en", "which", {{"this one", 1}}));
  for (int i = 0; i < 10; ++i) REQUIRE(builder.add_passage("other " + std::to_string(i)));
  GroupSet set = std::move(builder).finish();
  set.groups[0].avoid = {1, 2, 3, 4, 5, 6, 7, 8};
  for (std::uint64_t visit = 0; visit < 50; ++visit) {
    for (const PresentedPassage& passage : present_group(set, 0, {.size = 8, .easy = 4}, visit).passages) {
      CHECK((passage.passage == 0 || passage.passage > 8));
    }
  }
}

TEST_CASE("present_group: harder negatives come more often") {
  const GroupSet set = some_set("a", 200);
  std::vector<int> chosen(set.groups[0].passages.size(), 0);
  for (std::uint64_t visit = 0; visit < 1000; ++visit) {
    for (const PresentedPassage& passage : present_group(set, 0, {.size = 4, .easy = 0}, visit).passages) {
      for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] += set.groups[0].passages[i].passage == passage.passage;
    }
  }
  REQUIRE(chosen.size() == 17);
  CHECK(chosen[0] == 1000);
  CHECK(chosen[1] + chosen[2] > 2 * (chosen[15] + chosen[16]));
  CHECK(chosen[16] > 30);
}

TEST_CASE("present_group: grades share the places, and stated negatives come before mined ones") {
  GroupBuilder builder("graded");
  std::vector<StatedPassage> stated;
  for (int i = 0; i < 12; ++i) stated.push_back({"title " + std::to_string(i), i % 3});
  REQUIRE(builder.add("en", "which", stated));
  for (int i = 0; i < 50; ++i) REQUIRE(builder.add_passage("other " + std::to_string(i)));
  const GroupSet set = std::move(builder).finish();
  const PresentedGroup shown = present_group(set, 0, {.size = 8, .easy = 1}, 0);
  REQUIRE(shown.passages.size() == 8);
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK((shown.passages[i].grade > 0) == (i < 4));
    CHECK((shown.passages[i].passage < 12) == (i < 7));
  }
}

TEST_CASE("present_group: same seed and visit, same texts; another seed or visit, other ones") {
  const GroupSet set = some_set("a", 50);
  PresentOptions options{.augment = {.title_case = 0.3, .upper_case = 0.3, .typos = 0.5}};
  const auto line = [&](std::uint64_t visit) {
    const PresentedGroup shown = present_group(set, 3, options, visit);
    std::string all = shown.query;
    for (const PresentedPassage& passage : shown.passages) {
      all += "|" + passage.text;
      CHECK(passage.changed == (passage.text != set.passages[passage.passage]));
    }
    return all;
  };
  CHECK(line(4) == line(4));
  CHECK(line(4) != line(5));
  const std::string before = line(4);
  options.seed = 2;
  CHECK(line(4) != before);
}

TEST_CASE("plan_epoch: weights say how often a group comes, a fraction takes turns, held-out groups never come") {
  const GroupSet first = some_set("a", 200);
  const GroupSet second = some_set("b", 100);
  const std::vector<WeightedSet> sets = {{&first, 0.5}, {&second, 2}};
  std::map<std::pair<std::uint32_t, std::uint32_t>, int> both;
  for (std::uint64_t epoch = 0; epoch < 2; ++epoch) {
    for (const auto& [place, count] : visits(plan_epoch(sets, {.groups_per_step = 16}, epoch))) {
      CHECK(count == (place.first == 0 ? 1 : 2));
      CHECK(!sets[place.first].set->groups[place.second].held_out);
      both[place] += count;
    }
  }
  std::size_t expected = 0;
  for (const WeightedSet& weighted : sets) {
    expected += static_cast<std::size_t>(std::count_if(weighted.set->groups.begin(), weighted.set->groups.end(),
                                                       [](auto& group) { return !group.held_out; }));
  }
  CHECK(both.size() == expected);
  for (const auto& [place, count] : both) CHECK(count == (place.first == 0 ? 1 : 4));
}

TEST_CASE("plan_epoch: questions without answers come where teachers order their passages, and only there") {
  GroupBuilder builder("asked");
  REQUIRE(builder.add_question("en", "what is red"));
  for (int i = 0; i < 20; ++i) REQUIRE(builder.add_passage("thing" + std::to_string(i) + " is red"));
  GroupSet set = std::move(builder).finish();
  hold_out(std::span(&set, 1), 0, 1);
  const auto mined = mine(set, testing::WordEmbedder(), {.keep = 12});
  REQUIRE(mined);
  CHECK(mined->groups[0].passages.size() == 12);
  const WeightedSet labelled[] = {{&*mined, 1, true}};
  const WeightedSet taught[] = {{&*mined, 1, false}};
  CHECK(plan_epoch(labelled, {}, 0).empty());
  CHECK(plan_epoch(taught, {}, 0).size() == 1);
  const PresentedGroup shown = present_group(*mined, 0, {.size = 8, .easy = 0}, 0);
  CHECK(shown.passages.size() == 8);
  CHECK(!std::isnan(shown.scores[15]));
}

TEST_CASE("plan_epoch: a group never comes twice as the same visit") {
  const GroupSet set = some_set("a", 60);
  const std::vector<WeightedSet> sets = {{&set, 1.7}};
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  std::size_t all = 0;
  for (std::uint64_t epoch = 0; epoch < 5; ++epoch) {
    for (const auto& step : plan_epoch(sets, {}, epoch)) {
      for (const GroupPlace& place : step) seen.insert({place.group, place.visit});
      all += step.size();
    }
  }
  CHECK(seen.size() == all);
}

TEST_CASE("plan_epoch: steps are of similar length, full but the last, and shuffled by seed and epoch") {
  const GroupSet set = some_set("a", 300);
  const std::vector<WeightedSet> sets = {{&set, 1}};
  const auto spread = [&](const std::vector<std::vector<GroupPlace>>& steps) {
    double sum = 0;
    for (const auto& step : steps) {
      std::size_t low = 1U << 20U;
      std::size_t high = 0;
      for (const GroupPlace& place : step) {
        const std::size_t size = set.passages[set.groups[place.group].passages[0].passage].size();
        low = std::min(low, size);
        high = std::max(high, size);
      }
      sum += static_cast<double>(high - low);
    }
    return sum / static_cast<double>(steps.size());
  };
  const auto plan = plan_epoch(sets, {.groups_per_step = 8, .group_size = 1}, 0);
  for (std::size_t i = 0; i + 1 < plan.size(); ++i) CHECK(plan[i].size() == 8);
  CHECK(plan.back().size() <= 8);
  CHECK(spread(plan) * 4 < spread(plan_epoch(sets, {.groups_per_step = 8, .bucket_steps = 1, .group_size = 1}, 0)));
  CHECK(plan == plan_epoch(sets, {.groups_per_step = 8, .group_size = 1}, 0));
  CHECK(plan != plan_epoch(sets, {.groups_per_step = 8, .group_size = 1}, 1));
  CHECK(plan != plan_epoch(sets, {.groups_per_step = 8, .group_size = 1, .seed = 9}, 0));
}

TEST_CASE("held_out_groups: all of them, or a fair share of each set") {
  const GroupSet first = some_set("a", 400);
  const GroupSet second = some_set("b", 200);
  const std::vector<WeightedSet> sets = {{&first, 1}, {&second, 1}};
  const auto all = held_out_groups(sets, 10'000);
  CHECK(all.size() > 30);
  for (const GroupPlace& place : all) CHECK(sets[place.set].set->groups[place.group].held_out);
  const auto some = held_out_groups(sets, 12);
  CHECK(some.size() <= 12);
  CHECK(some.size() >= 10);
  CHECK(std::any_of(some.begin(), some.end(), [](const GroupPlace& place) { return place.set == 1; }));
}

}  // namespace attune::train
