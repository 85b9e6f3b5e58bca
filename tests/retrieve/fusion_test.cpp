#include <doctest/doctest.h>

#include "attune/retrieve.hpp"

namespace attune {

namespace {

float sum_of_parts(const FusedChunk& fused) {
  float sum = 0;
  for (const ScorePart& part : fused.parts) sum += part.contribution;
  return sum;
}

}  // namespace

TEST_CASE("fusion: convex weighs min-max-normalised scores, and a chunk that a list lacks gets nothing from it") {
  const std::vector<LegResult> legs = {{"bm25", 0.25F, {{1, 12}, {2, 7}, {3, 2}}},
                                       {"dense", 0.75F, {{4, 0.9F}, {2, 0.85F}, {5, 0.8F}}}};
  const auto fused = fuse(legs, FusionMethod::convex);
  REQUIRE(fused.size() == 5);
  CHECK(fused[0].chunk_id == 4);
  CHECK(fused[0].score == doctest::Approx(0.75));
  CHECK(fused[1].chunk_id == 2);
  CHECK(fused[1].score == doctest::Approx(0.25 * 0.5 + 0.75 * 0.5));
  CHECK(fused[2].chunk_id == 1);
  CHECK(fused[2].score == doctest::Approx(0.25));
  CHECK(fused[3].chunk_id == 3);  // the last of a list gets as much as one that is not in it; ties by id
  CHECK(fused[4].chunk_id == 5);
  REQUIRE(fused[1].parts.size() == 2);
  CHECK(fused[1].parts[0].leg == "bm25");
  CHECK(fused[1].parts[0].rank == 2);
  CHECK(fused[1].parts[0].score == 7);
  CHECK(fused[1].parts[1].leg == "dense");
  REQUIRE(fused[0].parts.size() == 1);
  for (const auto& chunk : fused) CHECK(chunk.score == sum_of_parts(chunk));
}

TEST_CASE("fusion: one chunk alone, or equal scores, count as the best") {
  const std::vector<LegResult> legs = {{"bm25", 0.5F, {{7, 3.5F}}}, {"dense", 0.5F, {{5, 0.8F}, {6, 0.8F}}}};
  const auto fused = fuse(legs, FusionMethod::convex);
  REQUIRE(fused.size() == 3);
  for (const auto& chunk : fused) CHECK(chunk.score == doctest::Approx(0.5));
  CHECK(fused[0].chunk_id == 5);
  CHECK(fused[1].chunk_id == 6);
  CHECK(fused[2].chunk_id == 7);
}

TEST_CASE("fusion: an empty list takes no weight from the others, nor does one of weight 0 bring chunks") {
  const std::vector<LegResult> empty = {{"bm25", 0.5F, {}}, {"dense", 0.5F, {{5, 0.8F}, {6, 0.7F}}}};
  CHECK(fuse(empty, FusionMethod::convex)[0].score == doctest::Approx(1.0));
  const std::vector<LegResult> unweighted = {{"bm25", 0.0F, {{9, 4}}}, {"dense", 1.0F, {{5, 0.8F}}}};
  const auto fused = fuse(unweighted, FusionMethod::convex);
  REQUIRE(fused.size() == 1);
  CHECK(fused[0].chunk_id == 5);
  CHECK(fuse({}, FusionMethod::convex).empty());
}

TEST_CASE("fusion: a chunk that a leg has not seen yet is judged by the other legs alone") {
  std::vector<LegResult> legs = {{"bm25", 0.5F, {{1, 12}, {2, 10}, {3, 2}}}, {"dense", 0.5F, {{2, 0.9F}, {4, 0.8F}}}};
  CHECK(fuse(legs, FusionMethod::convex)[0].chunk_id == 2);
  CHECK(fuse(legs, FusionMethod::convex)[1].score == doctest::Approx(0.5));
  legs[1].unseen = {1};
  const auto fused = fuse(legs, FusionMethod::convex);
  CHECK(fused[0].chunk_id == 1);
  CHECK(fused[0].score == doctest::Approx(1.0));
  CHECK(fused[0].score == sum_of_parts(fused[0]));
  CHECK(fused[1].chunk_id == 2);
  CHECK(fused[1].score == doctest::Approx(0.9));
}

TEST_CASE("fusion: reciprocal ranks look at places only") {
  const std::vector<LegResult> legs = {{"bm25", 1.0F, {{1, 1000}, {2, 1}}}, {"dense", 1.0F, {{2, 0.5F}, {3, 0.4F}}}};
  const auto fused = fuse(legs, FusionMethod::rrf, 60);
  REQUIRE(fused.size() == 3);
  CHECK(fused[0].chunk_id == 2);
  CHECK(fused[0].score == doctest::Approx(1.0 / 62 + 1.0 / 61));
  CHECK(fused[1].chunk_id == 1);
  CHECK(fused[1].score == doctest::Approx(1.0 / 61));
  CHECK(fused[2].chunk_id == 3);
  for (const auto& chunk : fused) CHECK(chunk.score == sum_of_parts(chunk));
}

}  // namespace attune
