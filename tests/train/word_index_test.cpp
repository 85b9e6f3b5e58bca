#include "train/word_index.hpp"

#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "attune/store.hpp"
#include "attune/text.hpp"

#include "temporary_folder.hpp"

using attune::testing::TemporaryFolder;

namespace attune::train {
namespace {

const std::vector<std::string>& passages() {
  static const std::vector<std::string> texts = {"The engine turns the wheel.",
                                                 "A wheel is round; wheels turn.",
                                                 "Nothing of the kind stands here.",
                                                 "软件在网络上运行。",
                                                 "这个软体很好，伺服器也很好。",
                                                 "发动机带动轮子，轮子转动。",
                                                 "Wheels within wheels, and an engine that turned each of the wheels.",
                                                 "Version 1.2.3 of the 软件"};
  return texts;
}

// What the store says to the same query, by place.
std::map<std::uint32_t, float> scores_of_store(std::string_view query, const std::string& language) {
  const TemporaryFolder folder;
  auto store = Store::open(folder.path() / "words.db");
  REQUIRE(store);
  const auto collection = (*store)->open_collection("words", "");
  REQUIRE(collection);
  std::map<std::int64_t, std::uint32_t> places;
  for (std::uint32_t place = 0; place < passages().size(); ++place) {
    Document document;
    document.collection_id = collection->id;
    document.path = std::to_string(place);
    document.sha256 = std::string(64, 'a');
    document.language = language;
    document.content.text = passages()[place];
    const Chunk chunk{.span = {0, passages()[place].size()}, .heading = "", .text = passages()[place]};
    const auto id = (*store)->put_document(document, std::span(&chunk, 1), "test");
    REQUIRE(id);
    places[(*store)->chunks_of(*id)->front().id] = place;
  }
  WordSearchOptions options;
  const auto found = (*store)->search_words(query, options);
  REQUIRE(found);
  std::map<std::uint32_t, float> scores;
  for (const ScoredChunk& chunk : *found) scores[places.at(chunk.chunk_id)] = chunk.score;
  return scores;
}

}  // namespace

TEST_CASE("word index: its scores are the store's") {
  std::vector<std::uint32_t> members;
  for (std::uint32_t place = 0; place < passages().size(); ++place) members.push_back(place);
  for (const std::string language : {"en", "zh"}) {
    const WordIndex index(passages(), members, language);
    WordIndex::Scores scores;
    for (const std::string_view query : {"which wheels does an engine turn", "软件和伺服器", "轮子 wheel wheel 发动机",
                                         "软体", "1.2.3", "", "the of", "nowhere to be found"}) {
      CAPTURE(query);
      index.score(query, scores);
      const auto expected = scores_of_store(query, language);
      CHECK(scores.touched.size() == expected.size());
      for (const auto& [place, score] : expected) CHECK(scores.of[place] == doctest::Approx(score).epsilon(1e-5));
      const auto best = WordIndex::best(scores, 3);
      for (std::size_t i = 1; i < best.size(); ++i) CHECK(scores.of[best[i - 1]] >= scores.of[best[i]]);
      CHECK(best.size() == std::min<std::size_t>(3, expected.size()));
    }
  }
}

TEST_CASE("word index: it knows only its members, by their place among them") {
  const std::vector<std::uint32_t> members = {2, 6};
  const WordIndex index(passages(), members, "en");
  WordIndex::Scores scores;
  index.score("wheels", scores);
  CHECK(WordIndex::best(scores, 9) == std::vector<std::uint32_t>{1});
}

}  // namespace attune::train
