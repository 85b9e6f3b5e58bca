#include "attune/train/makers.hpp"

#include <algorithm>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "temporary_folder.hpp"
#include "train/definitions.hpp"
#include "train/maker_functions.hpp"

using attune::testing::TemporaryFolder;

namespace attune::train {
namespace {

// Whether the set has a group of that query whose only positives are these texts.
bool asks(const GroupSet& set, std::string_view query, const std::set<std::string>& passages) {
  return std::any_of(set.groups.begin(), set.groups.end(), [&](const Group& group) {
    std::set<std::string> answers;
    for (const GroupPassage& passage : group.passages) answers.insert(set.passages[passage.passage]);
    return group.query == query && answers == passages;
  });
}

Result<GroupSet> made(const char* maker, const char* name, std::string_view text, std::uint64_t seed = 1) {
  const TemporaryFolder folder;
  folder.write(name, text);
  const Maker* const found = find_maker(maker);
  REQUIRE(found != nullptr);
  return found->make(folder.path() / name, seed);
}

constexpr std::string_view kParagraphs =
    R"json([{"title":"Oslo (city)","text":"Oslo is the capital of Norway. The city of Oslo lies at the head of a long fjord. Ferries leave Oslo and its fjord in the morning. It is old, as everyone knows and says."},
        {"title":"","text":"A text without title has sentences with words. And this other sentence of the text has words and nothing else."},
        {"title":"Short","text":"Too short."}])json";

}  // namespace

TEST_CASE("makers: each has a name and a sentence, and no two are called alike") {
  std::set<std::string_view> names;
  for (const Maker& maker : makers()) {
    CHECK(!maker.summary.empty());
    CHECK(names.insert(maker.name).second);
    CHECK(!maker.make("/nowhere/at/all.jsonl", 1));
  }
  CHECK(find_maker("none") == nullptr);
}

TEST_CASE("questions: rewritten ones, plain ones and those of a table, each once and without an answer") {
  const auto lines =
      made("questions", "asked.jsonl",
           "{\"query\": \"Is it a country?\", \"rewrite\": \"Is Australia a country?\", \"lang\": \"en\"}\n"
           "{\"query\": \"is australia a country\"}\n{\"query\": \"where is the fjord\"}\n");
  REQUIRE(lines);
  CHECK(lines->source == "asked-questions");
  REQUIRE(lines->groups.size() == 2);
  CHECK(lines->groups[0].query == "Is Australia a country?");
  CHECK(lines->groups[0].language == "en");
  CHECK(lines->groups[0].passages.empty());
  CHECK(lines->groups[1].query == "where is the fjord");
  CHECK(lines->passages.empty());
  const auto table = made("questions", "asked.tsv", "17\twhere is the fjord\n18\thi\n");
  REQUIRE(table);
  REQUIRE(table->groups.size() == 1);
  CHECK(table->groups[0].query == "where is the fjord");
  CHECK(!made("questions", "asked.tsv", "where is the fjord\n"));
  CHECK(!made("questions", "asked.jsonl", "{\"question\": \"where is the fjord\"}\n"));
}

TEST_CASE("titles: a title without its brackets asks for the paragraph") {
  const auto set = made("titles", "wiki.json", kParagraphs);
  REQUIRE(set);
  CHECK(set->source == "wiki-titles");
  CHECK(set->groups.size() == 2);
  CHECK(set->groups[0].query == "Oslo");
  CHECK(set->groups[0].language == "en");
  CHECK(set->passages[0].starts_with("Oslo is the capital"));
  CHECK(!made("titles", "wiki.json", "{}"));
  CHECK(!made("titles", "wiki.json", R"([{"title":"a"}])"));
  CHECK(!made("titles", "wiki.json", "[1"));
}

TEST_CASE("cloze: a sentence asks for the paragraph, which mostly lacks it") {
  std::size_t without = 0;
  std::set<std::string> queries;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const auto set = made("cloze", "wiki.json", kParagraphs, seed);
    REQUIRE(set);
    REQUIRE(set->groups.size() == 2);
    const Group& group = set->groups[0];
    const std::string& passage = set->passages[group.passages[0].passage];
    CHECK(passage.starts_with("Oslo (city). "));
    CHECK(passage.find("  ") == std::string::npos);
    CHECK(!passage.ends_with(' '));
    queries.insert(group.query);
    CHECK(!set->passages[set->groups[1].passages[0].passage].starts_with("."));
    without += passage.find(group.query) == std::string::npos ? 1 : 0;
  }
  CHECK(queries == std::set<std::string>{"The city of Oslo lies at the head of a long fjord.",
                                         "Ferries leave Oslo and its fjord in the morning."});
  CHECK(without > 45);
  CHECK(without < 60);
}

TEST_CASE("translations: all translations of a sentence are its answers, in one language, short ones are left out") {
  const std::string lines = R"({"en":"Hi.","zh":"嗨。"}
{"en":"Where does this train go?","zh":"这趟火车开往哪里？"}
{"en":"Where does this train go?","zh":"这列火车去什么地方？"}
{"en":"The book lies on the table.","zh":"书在桌子上放着。"})";
  const auto chinese = made("to-chinese", "pairs.jsonl", lines);
  REQUIRE(chinese);
  CHECK(chinese->groups.size() == 2);
  CHECK(asks(*chinese, "Where does this train go?", {"这趟火车开往哪里？", "这列火车去什么地方？"}));
  CHECK(asks(*chinese, "The book lies on the table.", {"书在桌子上放着。"}));
  const auto english = made("to-english", "pairs.jsonl", lines);
  REQUIRE(english);
  CHECK(english->groups.size() == 3);
  CHECK(asks(*english, "书在桌子上放着。", {"The book lies on the table."}));
  CHECK(english->passages.size() == 2);
  CHECK(english->source != chinese->source);
  CHECK(!made("to-chinese", "pairs.jsonl", "{\"en\":\"a\"}\n"));
}

TEST_CASE("definitions: a sentence that says what something is answers the question for it") {
  CHECK(question_of_definition("Oslo is the capital of Norway.") == "what is Oslo");
  CHECK(question_of_definition("A hard link is a second name of a file.") == "what is hard link");
  CHECK(question_of_definition("Kernel threads are the workers of the system.") == "what are Kernel threads");
  CHECK(question_of_definition("内核是操作系统的核心部分。") == "内核是什么");
  for (const char* no : {"It is a nice day.", "This is the end.", "We think, as all do, that Oslo is a city.",
                         "Nothing here defines.", "这是一个例子。", "我们的目标是星辰。", "", "是", " is a "}) {
    CAPTURE(no);
    CHECK(!question_of_definition(no));
  }
}

TEST_CASE("index: titles, headings, definitions and sentences of a database ask for its passages") {
  const TemporaryFolder folder;
  {
    auto store = Store::open(folder.path() / "own.db");
    REQUIRE(store);
    const auto collection = (*store)->open_collection("own", "");
    REQUIRE(collection);
    Document document;
    document.collection_id = collection->id;
    document.path = "notes/guide.md";
    document.sha256 = std::string(64, 'a');
    document.language = "en";
    document.content.title = "The Guide";
    const std::string first =
        "A widget is a small thing that turns. It turns whenever somebody asks it to do that again.";
    const std::string second =
        "Put the widget on the table first. Then press the button until the lamp begins to glow.";
    document.content.text = first + "\n" + second;
    const std::vector<Chunk> chunks = {{.ordinal = 0, .span = {0, first.size()}, .heading = "The Guide", .text = first},
                                       {.ordinal = 1,
                                        .span = {first.size() + 1, first.size() + 1 + second.size()},
                                        .heading = "The Guide › Setup",
                                        .text = second}};
    REQUIRE((*store)->put_document(document, chunks, "test"));
  }
  const auto set = find_maker("index")->make(folder.path() / "own.db", 3);
  REQUIRE(set);
  const std::string first =
      "A widget is a small thing that turns. It turns whenever somebody asks it to do that again.";
  const std::string second = "Put the widget on the table first. Then press the button until the lamp begins to glow.";
  CHECK(asks(*set, "The Guide", {first}));
  CHECK(asks(*set, "The Guide Setup", {second}));
  CHECK(asks(*set, "what is widget", {first}));
  CHECK(set->groups.size() >= 3);
  CHECK(digest_of(*set) == digest_of(*find_maker("index")->make(folder.path() / "own.db", 3)));
  CHECK(!std::filesystem::exists(folder.path() / "none.db"));
  CHECK(find_maker("index")->make(folder.path() / "none.db", 1).error().kind == ErrorKind::not_found);
  CHECK(!std::filesystem::exists(folder.path() / "none.db"));
}

}  // namespace attune::train
