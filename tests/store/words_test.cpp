// BM25 over FTS5, and what may be asked.
#include <cmath>
#include <numeric>

#include "attune/text.hpp"

#include "store/fixture.hpp"

namespace attune {

namespace {

struct WordsFixture : StoreFixture {
  std::int64_t collection = need(store->open_collection("c", "")).id;

  // Documents without a title, so that only their one line is searched; returns the chunk's id.
  std::int64_t add(std::string path, std::string line, std::string language = "en") {
    Written made = written(collection, std::move(path), std::move(line), std::move(language));
    made.document.content.title.clear();
    return need(store->chunks_of(put(*store, made)))[0].id;
  }
};

// Lucene's formula for one word.
double bm25(double chunks, double chunks_with, double times, double length, double average, double k1, double b) {
  const double idf = std::log(1 + (chunks - chunks_with + 0.5) / (chunks_with + 0.5));
  return idf * times / (times + k1 * (1 - b + b * length / average));
}

}  // namespace

TEST_CASE_FIXTURE(WordsFixture, "words: scores are Lucene's BM25, worked out by hand") {
  const auto a = add("a", "apple banana apple");
  const auto b = add("b", "banana cherry");
  add("c", "cherry");
  // 3 chunks of 3, 2 and 1 terms: 2 on average.
  const auto hits = need(store->search_words("apple banana", {.k1 = 1.2F, .b = 0.75F}));
  REQUIRE(ids_of(hits) == Ids{a, b});
  CHECK(hits[0].score ==
        doctest::Approx(bm25(3, 1, 2, 3, 2, 1.2, 0.75) + bm25(3, 2, 1, 3, 2, 1.2, 0.75)).epsilon(1e-6));
  // And in plain numbers: ln(1 + 1.5 / 2.5) · 1 / (1 + 1.2 · (0.25 + 0.75)) = 0.470004 / 2.2.
  CHECK(hits[1].score == doctest::Approx(0.2136379).epsilon(1e-6));
}

TEST_CASE_FIXTURE(WordsFixture, "words: a word that the question repeats counts as often") {
  add("a", "apple banana");
  add("b", "cherry");
  const float once = need(store->search_words("apple", {}))[0].score;
  const float thrice = need(store->search_words("apple apple apple", {}))[0].score;
  CHECK(thrice == doctest::Approx(3 * once).epsilon(1e-6));
}

TEST_CASE_FIXTURE(WordsFixture, "words: title and heading count as part of the passage, each once") {
  Written made = written(collection, "a", "# Title\n# Gazetteer\nnothing here\n");
  const auto id = need(store->chunks_of(put(*store, made)))[0].id;
  add("b", "other words altogether here");
  const auto hits = need(store->search_words("gazetteer", {.k1 = 0.9F, .b = 0.4F}));
  REQUIRE(ids_of(hits) == Ids{id});
  // title + gazetteer + nothing + here, the other 4 terms too.
  CHECK(hits[0].score == doctest::Approx(bm25(2, 1, 1, 4, 4, 0.9, 0.4)).epsilon(1e-6));
}

TEST_CASE_FIXTURE(WordsFixture, "words: stems of a language with few documents do not outweigh the word itself") {
  for (int i = 0; i < 30; ++i) add("en" + std::to_string(i), "the organization of cells and other matters");
  const auto wanted = add("wanted", "organizations organize the organization of cells");
  // The French stem of the question's word stands here by accident, and nowhere else.
  add("fr", "organiz bonjour le monde", "fr");
  CHECK(need(store->search_words("organization of cells", {}))[0].chunk_id == wanted);
}

TEST_CASE_FIXTURE(WordsFixture, "words: the best k come best first, ties by ascending id, whatever k is") {
  Ids ids;
  for (int i = 0; i < 40; ++i) ids.push_back(add("d" + std::to_string(i), i % 4 == 0 ? "apple apple" : "apple pie"));
  const Ids all = ids_of(need(store->search_words("apple", {.k = 100})));
  REQUIRE(all.size() == 40);
  for (int i = 0; i < 10; ++i) CHECK(all[static_cast<std::size_t>(i)] == ids[static_cast<std::size_t>(4 * i)]);
  CHECK(std::is_sorted(all.begin() + 10, all.end()));
  for (const std::size_t k : {1, 7, 10, 11, 39}) {
    CHECK(ids_of(need(store->search_words("apple", {.k = k}))) == Ids(all.begin(), all.begin() + static_cast<long>(k)));
  }
  CHECK(need(store->search_words("apple", {.k = 0})).empty());
}

TEST_CASE_FIXTURE(WordsFixture, "words: only allowed chunks answer, with the scores they have among all") {
  Ids ids;
  for (int i = 0; i < 10; ++i) ids.push_back(add("d" + std::to_string(i), i < 5 ? "apple pie" : "pear"));
  const auto all = need(store->search_words("apple", {}));
  const ChunkSet allowed{ids[1], ids[3], ids[7], 99999};
  const auto some = need(store->search_words("apple", {.allowed = &allowed}));
  REQUIRE(ids_of(some) == Ids{ids[1], ids[3]});
  CHECK(some[0].score == all[1].score);
  const ChunkSet none;
  CHECK(need(store->search_words("apple", {.allowed = &none})).empty());
}

TEST_CASE_FIXTURE(WordsFixture, "words: any bytes are a legal query") {
  const auto id = add("a", "apple NEAR AND rocket");
  using namespace std::string_literals;
  const std::vector<std::string> queries = {"",
                                            " ",
                                            "\"",
                                            "\"apple",
                                            "apple\"\"",
                                            "apple AND (",
                                            "NEAR(apple rocket, 5)",
                                            "title : apple",
                                            "^apple",
                                            "app*",
                                            "- apple",
                                            "{a b} : apple",
                                            "apple OR",
                                            "NOT apple",
                                            "+",
                                            "'",
                                            "';--",
                                            "%",
                                            "apple\0rocket"s,
                                            "\0"s,
                                            "\xFF\xFE",
                                            "\xE4\xB8",
                                            "apple \xC3\x28",
                                            "\xED\xA0\x80",
                                            "how do I",
                                            "的",
                                            "?!…",
                                            std::string(70'000, '\x80')};
  for (const std::string& query : queries) {
    const auto hits = store->search_words(query, {});
    CHECK_MESSAGE(hits.has_value(), query);
  }
  CHECK(need(store->search_words("", {})).empty());
  CHECK(need(store->search_words(" ?! ", {})).empty());
  CHECK(ids_of(need(store->search_words("\"apple\" AND (", {}))) == Ids{id});
  CHECK(ids_of(need(store->search_words("apple\0x"s, {}))) == Ids{id});
}

TEST_CASE_FIXTURE(WordsFixture, "words: a query of a megabyte is answered from its beginning") {
  const auto id = add("a", "apple");
  std::string query = "apple";
  for (int i = 0; query.size() < 1'000'000; ++i) query += " word" + std::to_string(i);
  CHECK(ids_of(need(store->search_words(query, {}))) == Ids{id});
}

TEST_CASE_FIXTURE(WordsFixture, "words: Chinese is found by word and by question, and traditional by simplified") {
  const auto network = add("a", "本章介绍如何配置网络接口和静态地址。", "zh");
  add("b", "天气很好，我们去公园。", "zh");
  const auto software = add("c", "自由軟體的歷史", "zh");
  CHECK(ids_of(need(store->search_words("如何配置静态地址？", {}))).front() == network);
  CHECK(ids_of(need(store->search_words("软件", {}))) == Ids{software});
}

TEST_CASE_FIXTURE(WordsFixture, "words: postings of another segmenter are rebuilt whole, and only then") {
  const auto id = add("a", "apple pie");
  CHECK(need(store->refresh_postings()) == 0);
  need(store->set_setting("store.segmenter", "rules 0"));
  CHECK(need(store->check()).size() == 1);
  const std::int64_t generation = need(store->generation());
  CHECK(need(store->refresh_postings()) == 1);
  CHECK(need(store->generation()) > generation);
  CHECK(need(store->refresh_postings()) == 0);
  CHECK(ids_of(need(store->search_words("apple", {}))) == Ids{id});
  CHECK(need(store->check()).empty());
}

TEST_CASE_FIXTURE(WordsFixture, "words: the postings' terms with how many chunks hold them, as the collection is now") {
  CHECK(need(store->terms()).empty());
  const auto a = add("a", "apple banana apple");
  const auto b = add("b", "banana cherries");
  const auto terms = need(store->terms());
  REQUIRE(terms.size() == 3);
  CHECK(terms[0].text == "appl");
  CHECK(terms[1].text == "banana");
  CHECK(terms[1].chunks == 2);
  CHECK(need(store->chunks_with_terms(std::vector<std::string>{"banana", "nothing", "cherri"})) ==
        std::vector<std::int64_t>{2, 0, 1});
  CHECK(need(store->chunks_with_term("banana", 10)) == Ids{a, b});
  CHECK(need(store->chunks_with_term("banana", 1)) == Ids{a});
  CHECK(need(store->chunks_with_term("no such", 1)).empty());
  reopen({.read_only = true});
  CHECK(need(store->terms()).size() == 3);
}

}  // namespace attune
