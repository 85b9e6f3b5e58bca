#include "train/kept_scores.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "temporary_folder.hpp"
#include "train/group_builder.hpp"

namespace attune::train {
namespace {

GroupSet judged_set() {
  GroupBuilder builder("asked");
  REQUIRE(builder.add("en", "first", {{"a", 1}, {"b", 0}, {"c", 0}}));
  REQUIRE(builder.add("en", "second", {{"d", 1}, {"a", 0}}));
  GroupSet set = std::move(builder).finish();
  set.teachers = {"one", "two"};
  const float unknown = std::numeric_limits<float>::quiet_NaN();
  set.groups[0].scores = {0.91F, 12, 0.52F, 8, unknown, 4};
  set.groups[1].scores = {unknown, 1, 0.3F, unknown};
  return set;
}

const std::vector<Teacher> kTeachers = {{"one", 1, 0.1}, {"two", 1, 2}};

}  // namespace

TEST_CASE("kept scores: what teachers said comes back to a tenth, also when the groups are in another order") {
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "scores.jsonl.gz";
  GroupSet set = judged_set();
  REQUIRE(keep_scores(file, std::span(&set, 1), kTeachers));
  std::vector<GroupSet> again = {judged_set()};
  std::swap(again[0].groups[0].passages[0], again[0].groups[0].passages[1]);
  REQUIRE(take_scores(file, again));
  CHECK(again[0].teachers.back() == kKeptTeacher);
  const std::vector<float>& scores = again[0].groups[0].scores;
  REQUIRE(scores.size() == 9);
  CHECK(scores[2] == doctest::Approx((0.52 / 0.1 + 4) / 2).epsilon(0.011));
  CHECK(scores[5] == doctest::Approx((0.91 / 0.1 + 6) / 2).epsilon(0.011));
  CHECK(std::isnan(scores[8]));
  for (const std::size_t i : {std::size_t{2}, std::size_t{5}}) CHECK(std::isnan(again[0].groups[1].scores[i]));
  // What was there before stays.
  CHECK(scores[0] == 0.91F);
}

TEST_CASE("kept scores: other passages are a conflict, another set stays as it is, garbage is named") {
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "scores.jsonl.gz";
  GroupSet set = judged_set();
  REQUIRE(keep_scores(file, std::span(&set, 1), kTeachers));
  std::vector<GroupSet> others = {judged_set()};
  others[0].passages[2] = "another";
  const Status conflict = take_scores(file, others);
  REQUIRE(!conflict);
  CHECK(conflict.error().kind == ErrorKind::conflict);
  CHECK(conflict.error().text.find("asked") != std::string::npos);
  others[0].source = "strange";
  REQUIRE(take_scores(file, others));
  CHECK(others[0].teachers.size() == 2);
  folder.write("garbage", "{\"attune_groups\": 1}\n");
  const Status garbage = take_scores(folder.path() / "garbage", others);
  REQUIRE(!garbage);
  CHECK(garbage.error().kind == ErrorKind::corrupt);
  CHECK(take_scores(folder.path() / "nowhere", others).error().kind == ErrorKind::not_found);
}

}  // namespace attune::train
