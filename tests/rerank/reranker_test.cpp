#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "attune/core/dot_product.hpp"
#include "attune/model/joint.hpp"
#include "attune/rerank.hpp"

#include "temporary_folder.hpp"

namespace attune {
namespace {

const std::filesystem::path kEmbedder = ATTUNE_SOURCE_DIR "/models/embedder";

const Embedder& shipped_embedder() {
  static const auto embedder = open_embedder(kEmbedder);
  REQUIRE(embedder);
  return **embedder;
}

// Joint layers that nobody trained: their head is zero, so a score is the cosine times its weight.
JointModel untrained(bool one_sided = false) {
  auto model = start_joint_model(kEmbedder, {.lower_layers = 10, .upper_layers = 2, .one_sided = one_sided});
  REQUIRE(model);
  return *std::move(model);
}

std::unique_ptr<Reranker> reranker_of(const JointModel& model, const testing::TemporaryFolder& folder) {
  REQUIRE(save_joint_model(model, folder.path() / "model.safetensors", WeightPrecision::int8));
  auto reranker = open_reranker(folder.path(), &shipped_embedder());
  REQUIRE(reranker);
  return *std::move(reranker);
}

std::vector<Hit> hits_of(const std::vector<std::string>& texts) {
  std::vector<Hit> hits;
  for (const std::string& text : texts) {
    Hit hit;
    hit.chunk_id = static_cast<std::int64_t>(hits.size()) + 1;
    hit.text = text;
    hit.score = 1.0F / static_cast<float>(hits.size() + 1);
    hit.parts = {{"bm25", static_cast<int>(hits.size()) + 1, 3.0F, hit.score}};
    hits.push_back(std::move(hit));
  }
  return hits;
}

const std::vector<std::string> kTexts = {
    "The harbour was built in 1890 and holds forty boats.",
    "蜜蜂在春天采集花粉,为蜂巢酿造蜂蜜。",
    "Bees keep honey in the cells of their comb and close each cell with wax.",
    "An address is given to each machine of the network.",
};
constexpr std::string_view kQuestion = "where do bees keep their honey?";

float model_score(const Hit& hit) {
  REQUIRE(hit.parts.back().leg == "rerank");
  return hit.parts.back().score;
}

}  // namespace

TEST_CASE("reranker: an absent model is unavailable, so that callers keep the order of retrieval and say so") {
  const testing::TemporaryFolder folder;
  const auto reranker = open_reranker(folder.path(), nullptr);
  REQUIRE_FALSE(reranker);
  CHECK(reranker.error().kind == ErrorKind::unavailable);
}

TEST_CASE("reranker: a file that is no reranker, or another embedder's, is not taken for none") {
  const testing::TemporaryFolder folder;
  folder.write("model.safetensors", "weights");
  CHECK(open_reranker(folder.path(), nullptr).error().kind == ErrorKind::corrupt);
  JointModel model = untrained();
  REQUIRE(save_joint_model(model, folder.path() / "model.safetensors", WeightPrecision::int8));
  CHECK(open_reranker(folder.path(), nullptr).error().kind == ErrorKind::unsupported);
  model.base = "somebody-else@0123456789abcdef";
  REQUIRE(save_joint_model(model, folder.path() / "model.safetensors", WeightPrecision::int8));
  const auto refused = open_reranker(folder.path(), &shipped_embedder());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::unsupported);
  CHECK(refused.error().text.find("somebody-else") != std::string::npos);
}

TEST_CASE("reranker: before any training a score is the embedder's cosine times its weight, in both shapes") {
  for (const bool one_sided : {false, true}) {
    const testing::TemporaryFolder folder;
    const auto reranker = reranker_of(untrained(one_sided), folder);
    const auto ordered = reranker->rerank(kQuestion, hits_of(kTexts), {.keep = 4, .first_stage = 0});
    REQUIRE(ordered);
    REQUIRE(ordered->hits.size() == 4);
    CHECK(ordered->hits.front().chunk_id == 3);
    const auto query = shipped_embedder().embed(std::span(&kQuestion, 1), EmbedRole::query);
    const std::string_view text = kTexts[2];
    const auto passage = shipped_embedder().embed(std::span(&text, 1), EmbedRole::passage);
    REQUIRE(query);
    REQUIRE(passage);
    CHECK(model_score(ordered->hits.front()) ==
          doctest::Approx(20 * dot_product(query->row(0), passage->row(0))).epsilon(1e-4));
  }
}

TEST_CASE("reranker: a hit's own score does not depend on the others; blending only moves the order") {
  const testing::TemporaryFolder folder;
  JointModel model = untrained();
  for (std::size_t i = 0; i < model.shape.width; ++i) {  // a head that says something
    model.weights[joint_layout(model.shape)[joint_layout(model.shape).size() - 3].first + i] =
        i % 3 == 0 ? 0.5F : -0.2F;
  }
  const auto reranker = reranker_of(model, folder);
  const auto together = reranker->rerank(kQuestion, hits_of(kTexts), {.keep = 4, .first_stage = 0.5});
  REQUIRE(together);
  for (const Hit& hit : together->hits) {
    std::vector<Hit> alone = hits_of(kTexts);
    std::erase_if(alone, [&](const Hit& other) { return other.chunk_id != hit.chunk_id; });
    const auto single = reranker->rerank(kQuestion, alone, {.first_stage = 0});
    REQUIRE(single);
    CHECK(model_score(single->hits.front()) == model_score(hit));
    CHECK(single->hits.front().score == model_score(hit));
    CHECK(hit.score == doctest::Approx(hit.parts[0].contribution + hit.parts[1].contribution));
  }
  const auto kept = reranker->rerank(kQuestion, hits_of(kTexts), {.keep = 4, .first_stage = 1});
  REQUIRE(kept);
  for (std::size_t i = 0; i < kept->hits.size(); ++i) CHECK(kept->hits[i].chunk_id == static_cast<std::int64_t>(i) + 1);
}

TEST_CASE("reranker: a long passage is scored in windows, and the best one is named") {
  const testing::TemporaryFolder folder;
  const auto reranker = reranker_of(untrained(), folder);
  std::string text;
  for (int i = 0; i < 60; ++i) text += kTexts[0] + " ";
  const std::size_t place = text.size();
  text += kTexts[2];
  const auto answer = reranker->rerank(kQuestion, hits_of({text, kTexts[2]}), {.first_stage = 0});
  REQUIRE(answer);
  const auto long_hit = std::ranges::find(answer->hits, 1, &Hit::chunk_id);
  REQUIRE(long_hit != answer->hits.end());
  CHECK(long_hit->best_window.end == text.size());
  CHECK(long_hit->best_window.start > 0);
  CHECK(long_hit->best_window.start <= place);
  CHECK(std::ranges::find(answer->hits, 2, &Hit::chunk_id)->best_window.empty());
}

TEST_CASE("reranker: title and headings are read with a passage, and windows still name its own bytes") {
  const testing::TemporaryFolder folder;
  const auto reranker = reranker_of(untrained(), folder);
  std::vector<Hit> hits =
      hits_of({"They keep it in the cells of their comb.", "They keep it in the cells of their comb."});
  hits[1].title = "Honey bees";
  hits[1].citation.heading = "Where honey is kept";
  const auto answer = reranker->rerank(kQuestion, hits, {.first_stage = 0});
  REQUIRE(answer);
  CHECK(answer->hits.front().chunk_id == 2);
  std::string text;
  for (int i = 0; i < 60; ++i) text += kTexts[0] + " ";
  hits = hits_of({text});
  hits[0].title = kTexts[2];
  const auto windows = reranker->rerank(kQuestion, hits, {.first_stage = 0});
  REQUIRE(windows);
  CHECK(windows->hits[0].best_window.start == 0);
  CHECK(windows->hits[0].best_window.end > 100);
  CHECK(windows->hits[0].best_window.end < text.size());
}

TEST_CASE("reranker: hits beyond its depth follow in their order, by place and by score") {
  const testing::TemporaryFolder folder;
  const auto reranker = reranker_of(untrained(), folder);
  const auto answer = reranker->rerank(kQuestion, hits_of(kTexts), {.keep = 4, .depth = 2});
  REQUIRE(answer);
  CHECK(answer->read == 2);
  CHECK(answer->beyond == 0);
  REQUIRE(answer->hits.size() == 4);
  CHECK(answer->hits[2].chunk_id == 3);
  CHECK(answer->hits[3].chunk_id == 4);
  CHECK(answer->hits[2].score < answer->hits[1].score);
  CHECK(answer->hits[3].score < answer->hits[2].score);
}

TEST_CASE(
    "reranker: relevance is what the calibration makes of a score, and hits below what is asked for are left out") {
  const testing::TemporaryFolder folder;
  JointModel model = untrained();
  model.calibration = Calibration{2, -34};  // cosines around 0.85 are in doubt
  const auto reranker = reranker_of(model, folder);
  REQUIRE(reranker->calibrated());
  const auto all = reranker->rerank(kQuestion, hits_of(kTexts), {.keep = 4, .first_stage = 0});
  REQUIRE(all);
  for (const Hit& hit : all->hits) {
    REQUIRE(hit.relevance);
    CHECK(*hit.relevance == doctest::Approx(1 / (1 + std::exp(34.0 - 2.0 * static_cast<double>(hit.score)))));
  }
  const float between = (*all->hits[0].relevance + *all->hits[1].relevance) / 2;
  const auto best = reranker->rerank(kQuestion, hits_of(kTexts), {.keep = 4, .min_relevance = between});
  REQUIRE(best);
  REQUIRE(best->hits.size() == 1);
  CHECK(best->hits[0].chunk_id == all->hits[0].chunk_id);
  CHECK(best->below == 3);
  CHECK(best->unread == 0);
  const auto shallow = reranker->rerank(kQuestion, hits_of(kTexts), {.depth = 1, .min_relevance = 1e-9F});
  REQUIRE(shallow);
  CHECK(shallow->hits.size() == 1);
  CHECK(shallow->unread == 3);
  const testing::TemporaryFolder other;
  const auto plain = reranker_of(untrained(), other);
  CHECK_FALSE(plain->calibrated());
  CHECK(plain->rerank(kQuestion, hits_of(kTexts), {.min_relevance = 0.5F}).error().kind == ErrorKind::bad_input);
  CHECK_FALSE(plain->rerank(kQuestion, hits_of(kTexts), {})->hits[0].relevance);
}

TEST_CASE("reranker: no time, little time, without text, without hits") {
  const testing::TemporaryFolder folder;
  const auto reranker = reranker_of(untrained(), folder);
  CHECK(reranker->rerank(kQuestion, {}, {})->hits.empty());
  CHECK(reranker->rerank(kQuestion, hits_of({""}), {}).error().kind == ErrorKind::bad_input);
  const auto late = reranker->rerank(
      kQuestion, hits_of(kTexts), {.keep = 4, .deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1)});
  REQUIRE(late);
  CHECK(late->read == 0);
  CHECK(late->beyond == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(late->hits[i].chunk_id == static_cast<std::int64_t>(i) + 1);
  CHECK(reranker->rerank(kQuestion, hits_of(kTexts), {.keep = 2})->hits.size() == 2);

  // Now that it knows what reading costs, it stops in time: 200 long hits take far longer than the time given.
  std::string text;
  for (int i = 0; i < 12; ++i) text += kTexts[0] + " ";
  const std::vector<Hit> many = hits_of(std::vector<std::string>(200, text));
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(reranker->rerank(kQuestion, std::span(many).first(16), {.depth = 16}));
  const auto taken = std::chrono::steady_clock::now() - start;
  const auto some = reranker->rerank(
      kQuestion, many, {.keep = 200, .depth = 200, .deadline = std::chrono::steady_clock::now() + 3 * taken});
  REQUIRE(some);
  CHECK(some->read > 0);
  CHECK(some->beyond > 100);
  CHECK(some->read + some->beyond == 200);
  CHECK(some->hits.size() == 200);
}

}  // namespace attune
