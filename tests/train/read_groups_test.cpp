#include <string>

#include <doctest/doctest.h>

#include "attune/core/lines.hpp"
#include "attune/train/groups.hpp"

#include "temporary_folder.hpp"

using attune::testing::TemporaryFolder;

namespace attune::train {
namespace {

Result<GroupSet> read_text(std::string_view text) {
  const TemporaryFolder folder;
  folder.write("some.jsonl", text);
  return read_groups(folder.path() / "some.jsonl");
}

std::string complaint(std::string_view line) {
  const auto read = read_text("{\"query\":\"fine\",\"positives\":[\"yes\"]}\n" + std::string(line) + "\n");
  REQUIRE(!read);
  CHECK(read.error().text.find("some.jsonl' line 2: ") != std::string::npos);
  return read.error().text;
}

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("read_groups: positives, negatives and grades become one group, each text stands in the table once") {
  const auto set = read_text(R"({"lang":"en","query":"who?","positives":["Ada"],"negatives":["Bob","Ada","Eve"]})"
                             "\n"
                             R"({"lang":"zh","query":"三星","graded":[["Bob",0],["甲",2],["乙",1]],"unknown":7})");
  REQUIRE(set);
  CHECK(set->source == "some");
  CHECK(set->passages == std::vector<std::string>{"Ada", "Bob", "Eve", "甲", "乙"});
  REQUIRE(set->groups.size() == 2);
  CHECK(set->groups[0].id == "some:1");
  CHECK(set->groups[0].language == "en");
  CHECK(set->groups[0].passages == std::vector<GroupPassage>{{0, 1}, {1, 0}, {2, 0}});
  CHECK(set->groups[1].passages == std::vector<GroupPassage>{{1, 0}, {3, 2}, {4, 1}});
}

TEST_CASE("read_groups: a gzipped file stands in for the plain one") {
  const TemporaryFolder folder;
  folder.write("some.jsonl.gz", *gzipped("{\"query\":\"a\",\"positives\":[\"b\"]}\n"));
  const auto set = read_groups(folder.path() / "some.jsonl");
  REQUIRE(set);
  CHECK(set->source == "some");
  CHECK(set->groups.size() == 1);
  CHECK(read_groups(folder.path() / "none.jsonl").error().kind == ErrorKind::not_found);
}

TEST_CASE("read_groups: what is wrong with a line is said with file, line and field") {
  CHECK(says(complaint("{"), "no JSON object"));
  CHECK(says(complaint("[1]"), "no JSON object"));
  CHECK(says(complaint(R"({"positives":["a"]})"), "\"query\" is missing"));
  CHECK(says(complaint(R"({"query":3,"positives":["a"]})"), "\"query\" is no string"));
  CHECK(says(complaint(R"({"query":" ","positives":["a"]})"), "the query is empty"));
  CHECK(says(complaint(R"({"query":"a","positives":"b"})"), "\"positives\" is no list"));
  CHECK(says(complaint(R"({"query":"a","positives":[7]})"), "no string"));
  CHECK(says(complaint(R"({"query":"a","positives":[""]})"), "a passage is empty"));
  CHECK(says(complaint(R"({"query":"a","positive":["b"]})"), "neither \"positives\" nor \"graded\""));
  CHECK(says(complaint(R"({"query":"a","graded":[["b"]]})"), "[text, grade]"));
  CHECK(says(complaint(R"({"query":"a","graded":[["b",0.5]]})"), "[text, grade]"));
  CHECK(says(complaint(R"({"query":"a","graded":[["b",-1]]})"), "a grade is -1"));
  CHECK(says(complaint(R"({"query":"a","positives":[")" + std::string((1U << 20U) + 1, 'x') + R"("]})"), "1048576"));
}

}  // namespace attune::train
