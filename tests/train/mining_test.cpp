#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "attune/train/groups.hpp"

#include "temporary_folder.hpp"
#include "train/group_builder.hpp"
#include "train/word_embedder.hpp"

using attune::testing::TemporaryFolder;

namespace attune::train {
namespace {

// A question about a motor with its answer, planted negatives and planted answers that the source does not state, among
// passages about other things.
GroupSet planted() {
  GroupBuilder builder("planted");
  REQUIRE(builder.add("en", "what drives the red motor", {{"The red motor is driven by steam.", 1}}));
  REQUIRE(builder.add("en", "what is it that drives the red motor?", {{"Steam pressure does it.", 1}}));
  REQUIRE(builder.add("en", "where was the blue boat built", {{"The blue boat was built in Oslo.", 1}}));
  REQUIRE(builder.add("en", "who painted the motor", {{"The motor was painted red by Ada.", 1}}));
  for (int i = 0; i < 40; ++i) {
    const std::string number = std::to_string(i);
    REQUIRE(
        builder.add("en", "tell me of thing" + number, {{"thing" + number + " is topic" + number + " indeed.", 1}}));
  }
  for (const char* text :
       {"THE RED MOTOR IS DRIVEN BY STEAM", "As we know: the red motor is driven by steam. So it is.",
        "red motor is driven", "The red motor drives a pump.", "A green motor drives the mill."}) {
    REQUIRE(builder.add_passage(text));
  }
  return std::move(builder).finish();
}

std::uint32_t place_of(const GroupSet& set, std::string_view text) {
  const auto found = std::find(set.passages.begin(), set.passages.end(), text);
  REQUIRE(found != set.passages.end());
  return static_cast<std::uint32_t>(found - set.passages.begin());
}

bool holds(const GroupSet& set, const Group& group, std::string_view text) {
  const std::uint32_t place = place_of(set, text);
  return std::any_of(group.passages.begin(), group.passages.end(),
                     [&](const GroupPassage& passage) { return passage.passage == place; });
}

bool avoids(const GroupSet& set, const Group& group, std::string_view text) {
  return std::binary_search(group.avoid.begin(), group.avoid.end(), place_of(set, text));
}

GroupSet mined_set(const GroupSet& set, MiningOptions options = {}) {
  const testing::WordEmbedder embedder;
  auto mined = mine(set, embedder, options);
  REQUIRE(mined);
  return std::move(*mined);
}

}  // namespace

TEST_CASE("mining: planted hard negatives come first, with both scores") {
  const GroupSet mined = mined_set(planted(), {.bm25 = 4, .dense = 4, .keep = 3});
  const Group& group = mined.groups[0];
  CHECK(mined.teachers == std::vector<std::string>{"bm25", "cosine"});
  REQUIRE(group.passages.size() == 4);
  CHECK(group.passages[0] == GroupPassage{0, 1, false});
  CHECK(group.scores.size() == 8);
  CHECK(holds(mined, group, "The red motor drives a pump."));
  CHECK(holds(mined, group, "A green motor drives the mill."));
  CHECK(holds(mined, group, "The motor was painted red by Ada."));
  for (std::size_t i = 0; i < group.passages.size(); ++i) {
    CHECK(group.passages[i].mined == (i > 0));
    CHECK(group.scores[2 * i] > 0);
    CHECK(group.scores[2 * i + 1] > 0);
  }
}

TEST_CASE("mining: the same answer in other letters, around or within another text is no negative") {
  const GroupSet mined = mined_set(planted());
  const Group& group = mined.groups[0];
  for (const char* text : {"THE RED MOTOR IS DRIVEN BY STEAM", "red motor is driven",
                           "As we know: the red motor is driven by steam. So it is."}) {
    CHECK(!holds(mined, group, text));
    CHECK(avoids(mined, group, text));
  }
}

TEST_CASE("mining: the answer to a nearly same question is no negative, unless that is asked for") {
  MiningOptions options{.bm25 = 100, .dense = 100, .keep = 100};
  const GroupSet mined = mined_set(planted(), options);
  CHECK(!holds(mined, mined.groups[0], "Steam pressure does it."));
  CHECK(avoids(mined, mined.groups[0], "Steam pressure does it."));
  CHECK(holds(mined, mined.groups[0], "The motor was painted red by Ada."));
  options.near_question = 1.1;
  const GroupSet bold = mined_set(planted(), options);
  CHECK(holds(bold, bold.groups[0], "Steam pressure does it."));
}

TEST_CASE("mining: threads, and mining what was mined, change nothing") {
  const GroupSet once = mined_set(planted(), {.threads = 1});
  CHECK(digest_of(mined_set(planted(), {.threads = 4})) == digest_of(once));
  CHECK(digest_of(mined_set(once, {.threads = 2})) == digest_of(once));
}

TEST_CASE("mining: training never sees a held-out passage, held-out groups are held against all passages") {
  std::vector<GroupSet> sets = {planted()};
  hold_out(sets, 0.4, 3);
  const GroupSet mined = mined_set(sets[0], {.bm25 = 100, .dense = 100, .keep = 100});
  std::size_t out = 0;
  std::size_t from_training = 0;
  for (const Group& group : mined.groups) {
    out += group.held_out ? 1 : 0;
    for (const GroupPassage& passage : group.passages) {
      const bool is_out = mined.held_out[passage.passage] != 0;
      if (!group.held_out) CHECK_FALSE(is_out);
      if (group.held_out && !is_out) {
        CHECK(passage.mined);
        ++from_training;
      }
    }
  }
  CHECK(from_training > out);
  CHECK(out > 5);
  CHECK(out < mined.groups.size() - 5);
}

TEST_CASE("mining: a second call reads what the first one kept, and a damaged file is mined again") {
  const TemporaryFolder folder;
  const testing::WordEmbedder embedder;
  const auto first = mine_once(planted(), embedder, {}, folder.path() / "new");
  REQUIRE(first);
  const int calls = embedder.calls;
  const auto second = mine_once(planted(), embedder, {}, folder.path() / "new");
  REQUIRE(second);
  CHECK(embedder.calls == calls);
  CHECK(digest_of(*second) == digest_of(*first));
  REQUIRE(mine_once(planted(), embedder, {.keep = 2}, folder.path() / "new"));
  CHECK(embedder.calls > calls);
  std::filesystem::path kept;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "new")) {
    std::filesystem::resize_file(entry.path(), 100);
  }
  const auto third = mine_once(planted(), embedder, {}, folder.path() / "new");
  REQUIRE(third);
  CHECK(digest_of(*third) == digest_of(*first));
}

TEST_CASE("mining: what scores above the positive less a margin is moved aside, what the source states stays") {
  GroupSet set = mined_set(planted(), {.bm25 = 9, .dense = 9, .keep = 9});
  Group& group = set.groups[0];
  REQUIRE(group.passages.size() > 3);
  group.scores[1] = 0.8F;  // of the positive
  group.scores[3] = 0.81F;
  group.scores[5] = 0.79F;
  for (std::size_t i = 3; i < group.passages.size(); ++i) group.scores[2 * i + 1] = 0.1F;
  const std::uint32_t above = group.passages[1].passage;
  const std::uint32_t below = group.passages[2].passage;
  set.groups.resize(1);
  const std::size_t before = group.passages.size();
  GroupSet lenient = set;
  CHECK(drop_likely_answers(lenient, -0.05) == 0);
  CHECK(drop_likely_answers(set, 0) == 1);
  CHECK(set.groups[0].passages.size() == before - 1);
  CHECK(set.groups[0].passages[1].passage == below);
  CHECK(set.groups[0].scores[3] == 0.79F);
  CHECK(std::binary_search(set.groups[0].avoid.begin(), set.groups[0].avoid.end(), above));
  CHECK(drop_likely_answers(set, 0.05) == 1);
  CHECK(set.groups[0].passages[0].grade == 1);
}

TEST_CASE("mining: a group whose positive stands below many candidates is removed, others stay") {
  GroupSet set = mined_set(planted(), {.bm25 = 9, .dense = 9, .keep = 6});
  REQUIRE(set.groups[1].passages.size() == 7);
  for (std::size_t group = 0; group < set.groups.size(); ++group) {
    for (std::size_t i = 0; i < set.groups[group].passages.size(); ++i) {
      set.groups[group].scores[2 * i + 1] = (i == 0) == (group == 1) ? 0.2F : 0.5F;
    }
  }
  const std::string kept = set.groups[2].id;
  const std::size_t before = set.groups.size();
  CHECK(drop_doubtful_groups(set, -0.1, 6) == 0);
  CHECK(drop_doubtful_groups(set, -0.4, 5) == 0);
  CHECK(drop_doubtful_groups(set, -0.1, 5) == 1);
  CHECK(set.groups.size() == before - 1);
  CHECK(set.groups[1].id == kept);
}

TEST_CASE("teachers: scores are added beside the others, and a teacher that fails changes nothing") {
  GroupSet set = mined_set(planted());
  const std::string before = digest_of(set);
  const Status failed = add_teacher(set, "short", [](std::string_view, std::span<const std::string_view>) {
    return Result<std::vector<float>>(std::vector<float>{1});
  });
  REQUIRE(!failed);
  CHECK(failed.error().text.find("planted:1") != std::string::npos);
  CHECK(digest_of(set) == before);
  REQUIRE(add_teacher(set, "length", [](std::string_view, std::span<const std::string_view> passages) {
    std::vector<float> scores;
    for (const std::string_view passage : passages) scores.push_back(static_cast<float>(passage.size()));
    return Result<std::vector<float>>(std::move(scores));
  }));
  CHECK(set.teachers.back() == "length");
  for (const Group& group : set.groups) {
    REQUIRE(group.scores.size() == group.passages.size() * 3);
    for (std::size_t i = 0; i < group.passages.size(); ++i) {
      CHECK(group.scores[3 * i + 2] == static_cast<float>(set.passages[group.passages[i].passage].size()));
    }
  }
}

TEST_CASE("mining: a request to stop is an error, not half a result") {
  const testing::WordEmbedder embedder;
  std::stop_source source;
  source.request_stop();
  const auto stopped = mine(planted(), embedder, {}, {}, source.get_token());
  REQUIRE(!stopped);
  CHECK(stopped.error().kind == ErrorKind::cancelled);
}

}  // namespace attune::train
