#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "attune/core/file.hpp"
#include "attune/core/lines.hpp"
#include "attune/train/groups.hpp"

#include "temporary_folder.hpp"

using attune::testing::TemporaryFolder;

namespace attune::train {
namespace {

GroupSet scored_set() {
  GroupSet set;
  set.source = "some";
  set.teachers = {"bm25", "cosine"};
  set.passages = {"one \"quoted\"", "二", "three\nlines"};
  set.held_out = {0, 1, 0};
  const float unknown = std::numeric_limits<float>::quiet_NaN();
  set.groups.push_back({.id = "some:1",
                        .language = "en",
                        .query = "what?",
                        .passages = {{0, 1, false}, {2, 0, true}},
                        .scores = {0.1F, 1.0F / 3, unknown, -1e-20F},
                        .avoid = {1}});
  set.groups.push_back(
      {.id = "some:2", .query = "什么", .passages = {{1, 2, false}}, .scores = {7, 0.8512345F}, .held_out = true});
  return set;
}

std::string complaint(const std::string& text) {
  const TemporaryFolder folder;
  folder.write("broken", text);
  const auto read = load_groups(folder.path() / "broken");
  REQUIRE(!read);
  CHECK((read.error().kind == ErrorKind::corrupt || read.error().kind == ErrorKind::unsupported));
  return read.error().text;
}

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

constexpr const char* kHeader =
    "{\"attune_groups\":1,\"source\":\"s\",\"teachers\":[\"t\"],\"passages\":1,\"groups\":1}\n";

}  // namespace

TEST_CASE("group file: what is read is what was written, to the bit") {
  const TemporaryFolder folder;
  const GroupSet set = scored_set();
  REQUIRE(save_groups(folder.path() / "set.gz", set, R"({"settings":[1,2]})"));
  const auto read = load_groups(folder.path() / "set.gz");
  REQUIRE(read);
  CHECK(read->source == set.source);
  CHECK(read->teachers == set.teachers);
  CHECK(read->passages == set.passages);
  CHECK(read->held_out == set.held_out);
  CHECK(digest_of(*read) == digest_of(set));
  REQUIRE(read->groups.size() == 2);
  CHECK(read->groups[0].avoid == set.groups[0].avoid);
  CHECK(read->groups[1].held_out);
  REQUIRE(read->groups[0].scores.size() == 4);
  CHECK(read->groups[0].scores[0] == 0.1F);
  CHECK(read->groups[0].scores[1] == 1.0F / 3);
  CHECK(std::isnan(read->groups[0].scores[2]));
  CHECK(read->groups[0].scores[3] == -1e-20F);
  CHECK(!save_groups(folder.path() / "set.gz", set, "[]"));
}

TEST_CASE("group file: what is wrong is an error that says what and where") {
  const std::string good = std::string(kHeader) + "[0,\"text\"]\n";
  const std::string fields = R"("id":"a","lang":"","query":"q","held_out":false)";
  CHECK(says(complaint("{}"), "no file of training groups"));
  CHECK(says(complaint(R"({"attune_groups":2})"), "another version"));
  CHECK(says(complaint(R"({"attune_groups":1})"), "field is missing"));
  CHECK(says(complaint("nonsense"), "line 1: this is no JSON"));
  CHECK(says(complaint(""), "fewer lines"));
  CHECK(says(complaint(good), "fewer lines"));
  CHECK(says(complaint(std::string(kHeader) + "[3,\"text\"]\n"), "line 2: a passage stands on no side"));
  CHECK(says(complaint(good + "{" + fields + R"(,"passages":[[1,1,0]],"scores":"1","avoid":[]})"), "not there"));
  CHECK(says(complaint(good + "{" + fields + R"(,"passages":[[-1,1,0]],"scores":"1","avoid":[]})"), "not there"));
  CHECK(
      says(complaint(good + "{" + fields + R"(,"passages":[[0,1,0]],"scores":"1 2","avoid":[]})"), "number of scores"));
  CHECK(says(complaint(good + "{" + fields + R"(,"passages":[[0,1,0]],"scores":"x","avoid":[]})"), "no number"));
  CHECK(says(complaint(good + "{" + fields + R"(,"passages":[[0,1,0]],"scores":"1","avoid":[7]})"), "not there"));
  const std::string whole = good + "{" + fields + R"(,"passages":[[0,1,0]],"scores":"1","avoid":[]})" + "\n";
  CHECK(says(complaint(whole + "[]\n"), "more lines"));
  const std::string packed = *gzipped(whole);
  CHECK(says(complaint(packed.substr(0, packed.size() - 10)), "breaks off"));
}

}  // namespace attune::train
