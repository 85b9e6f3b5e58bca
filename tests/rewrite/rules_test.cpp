// The rules over a small collection: what they change, and what they must leave alone.
#include "rewrite/rules.hpp"

#include "rewrite/typing_distance.hpp"
#include "store/fixture.hpp"

namespace attune {
namespace {

struct RulesFixture : StoreFixture {
  std::int64_t collection = need(store->open_collection("c", "")).id;

  void add(const std::string& text, const std::string& language = "en") {
    Written made = written(collection, std::to_string(++documents), text, language);
    made.document.content.title.clear();
    need(store->put_document(made.document, made.chunks, "test"));
  }
  Rewriting rewrite(const std::string& question, const std::vector<std::string>& history = {}) const {
    return need(QueryRewriter(store.get(), nullptr, nullptr).rewrite({history, question}));
  }
  // The first rewrite of that kind, or one without text.
  Rewrite first(RewriteKind kind, const std::string& question, const std::vector<std::string>& history = {}) const {
    for (const Rewrite& made : rewrite(question, history).rewrites) {
      if (made.kind == kind) return made;
    }
    return {};
  }
  int documents = 0;
};

double distance(std::u32string_view typed, std::u32string_view word) {
  return typing_distance(typed, word, 9);
}

}  // namespace

TEST_CASE("typing distance: a slip of the hand costs less than another letter, the first letter more") {
  CHECK(distance(U"word", U"word") == doctest::Approx(0));
  CHECK(distance(U"worf", U"word") == doctest::Approx(0.8));   // f stands beside d
  CHECK(distance(U"worp", U"word") == doctest::Approx(1));     // p does not
  CHECK(distance(U"wrod", U"word") == doctest::Approx(0.8));   // two letters swapped
  CHECK(distance(U"wordd", U"word") == doctest::Approx(0.7));  // one doubled
  CHECK(distance(U"wird", U"word") == doctest::Approx(0.8));
  CHECK(distance(U"wrd", U"word") == doctest::Approx(1));
  CHECK(distance(U"ord", U"word") == doctest::Approx(1.3));
  CHECK(distance(U"", U"ab") == doctest::Approx(2.3));
  CHECK(distance(U"ab", U"") == doctest::Approx(2.3));
}

TEST_CASE("typing distance: the end of what was typed may be open, and what is too far is only said to be so") {
  CHECK(typing_distance(U"running", U"run", 2, 4) == doctest::Approx(0));
  CHECK(typing_distance(U"running", U"run", 2, 3) == doctest::Approx(0.7));
  CHECK(typing_distance(U"completely", U"different", 2) > 2);
}

TEST_CASE_FIXTURE(RulesFixture, "spelling: a word that no passage has is written as passages write it") {
  add("Goldfish grow in a bowl");
  add("Golden retrievers grow too");
  const Rewrite made = first(RewriteKind::spelling, "do golddish grow");
  CHECK(made.text == "do goldfish grow");
  REQUIRE(made.origins.size() == 1);
  CHECK(made.origins[0].from == RewriteOrigin::From::collection);
  CHECK(made.origins[0].output.of(made.text) == "goldfish");
  CHECK(made.origins[0].source.of("do golddish grow") == "golddish");
  CHECK(made.confidence > 0.5);
  CHECK(rewrite("do golddish grow").question == "do goldfish grow");
}

TEST_CASE_FIXTURE(RulesFixture,
                  "spelling: what the collection knows, short words, numbers and names in capitals stay") {
  add("Goldfish grow in a bowl of 1240 ml. A goldfisher sells golf clubs.");
  for (const char* question : {"goldfishes grow", "gald grow", "bowl 1241", "NATO grow", "xyzzyplugh grow", "bol"}) {
    CAPTURE(question);
    CHECK(first(RewriteKind::spelling, question).text.empty());
  }
}

TEST_CASE_FIXTURE(RulesFixture, "spelling: a question in another language than the collection's is not misspelled") {
  add("蜂箱每两周检查一次。Inspektion", "zh");
  CHECK(first(RewriteKind::spelling, "When is the inspection of the beehive done by beekeepers?").text.empty());
}

TEST_CASE_FIXTURE(RulesFixture, "spelling: characters that sound like what the collection says") {
  add("如何配置静态地址", "zh");
  add("配置网络", "zh");
  const Rewrite made = first(RewriteKind::spelling, "如何配制静态地址");
  CHECK(made.text == "如何配置静态地址");
  CHECK(first(RewriteKind::spelling, "如何配置静态地址").text.empty());
}

TEST_CASE_FIXTURE(RulesFixture,
                  "feedback: words of what is found first, the rare ones, and only where it is asked for") {
  for (int i = 0; i < 3; ++i) add("A kettle boils water quickly, the thermostat clicks");
  for (int i = 0; i < 30; ++i) add("Gardens need water and sunlight, quickly or slowly");
  CHECK(rewrite("kettle").rewrites.empty());
  const Rewriting fed = need(QueryRewriter(store.get(), nullptr, nullptr).rewrite({{}, "kettle"}, {.feedback = true}));
  REQUIRE(fed.rewrites.size() == 1);
  const Rewrite& made = fed.rewrites.front();
  CHECK(made.kind == RewriteKind::feedback);
  CHECK(made.text.starts_with("kettle "));
  CHECK(made.text.find("thermostat") != std::string::npos);
  CHECK(made.text.find("thermostat") < made.text.find("water"));  // rarer in the collection
  CHECK(made.text.find("sunlight") == std::string::npos);
  CHECK(made.words > 0);
  CHECK(made.dense == 0);
  CHECK(fed.question == "kettle");
  for (const RewriteOrigin& origin : made.origins) CHECK(origin.from == RewriteOrigin::From::collection);
  const auto nothing = need(QueryRewriter(store.get(), nullptr, nullptr).rewrite({{}, "zebra"}, {.feedback = true}));
  CHECK(nothing.rewrites.empty());
}

TEST_CASE_FIXTURE(RulesFixture, "abbreviations: what a passage says they stand for, and nothing else") {
  add("The body mass index (BMI) is weight by height squared.");
  add("Some talk (BMW) of cars.");
  const Rewrite made = first(RewriteKind::abbreviation, "is a BMI of 30 high");
  CHECK(made.text == "is a BMI body mass index of 30 high");
  CHECK(made.origins.at(0).output.of(made.text) == "body mass index");
  CHECK(first(RewriteKind::abbreviation, "is a BMW fast").text.empty());
  CHECK(first(RewriteKind::abbreviation, "is the body mass index (BMI) high").text.empty());
}

TEST_CASE_FIXTURE(RulesFixture, "comparisons: both sides are asked where no passage speaks of both") {
  add("Cats sleep all day.");
  add("Dogs bark.");
  const auto made = rewrite("What is the difference between cats and dogs?").rewrites;
  REQUIRE(made.size() == 2);
  CHECK(made[0].text == "cats");
  CHECK(made[1].text == "dogs");
  CHECK(made[1].origins.at(0).source.of("What is the difference between cats and dogs?") == "dogs");
  CHECK(split_comparison("猫和狗有什么区别？").at(1).text == "狗");
  CHECK(split_comparison("what is wifi vs bluetooth").at(0).text == "wifi");
  CHECK(split_comparison("cats and dogs").empty());
  add("Cats and dogs differ.");
  CHECK(rewrite("What is the difference between cats and dogs?").rewrites.empty());
}

TEST_CASE_FIXTURE(RulesFixture,
                  "history: a question is also asked with the conversation's rare words and the last turn") {
  for (int i = 0; i < 6; ++i) add("Many people write about food");
  add("The vegan diet has no eggs");
  const std::vector<std::string> history = {"Tell me about the vegan diet please", "It is food without eggs."};
  const Rewrite topics = first(RewriteKind::topics, "Is it healthy?", history);
  CHECK(topics.text.starts_with("Is it healthy? "));
  for (const char* word : {"vegan", "diet", "eggs"}) CHECK(topics.text.find(word) != std::string::npos);
  for (const char* word : {"please", "Tell"}) CHECK(topics.text.find(word) == std::string::npos);
  for (const RewriteOrigin& origin : topics.origins) {
    CHECK(origin.source.of(history.at(origin.turn)) == origin.output.of(topics.text));
  }
  CHECK(first(RewriteKind::answer, "Is it healthy?", history).text == "It is food without eggs. Is it healthy?");
  CHECK(rewrite("Is it healthy?").rewrites.empty());
}

TEST_CASE_FIXTURE(RulesFixture, "rewriting: an empty collection, an empty question and any bytes are no failure") {
  for (const char* question : {"", "golddish", "\xFF\xFE", "difference between and"}) {
    CHECK(rewrite(question, {"", "\xFF"}).rewrites.size() <= 2);
  }
}

}  // namespace attune
