#include <filesystem>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/eval.hpp"

namespace attune {

namespace {

std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests" / "eval" / "fixture" / name;
}

double measured(const Qrels& qrels, const Run& run, const std::string& name) {
  const auto means = evaluate(qrels, run, std::vector<std::string>{name});
  REQUIRE(means);
  return means->at(name);
}

}  // namespace

// fixture/expected.json was written by ir_measures 0.4.3 over pytrec_eval: random runs with and without ties (RR@k
// there breaks ties in its own way, so it is compared without), scores that differ only in double precision, grades 0
// to 3 and below 0, a judged query that the run lacks, one without relevant documents, and one that nobody judged.
TEST_CASE("measures: all agree with ir_measures, ties and missing queries included") {
  const auto qrels = load_qrels(fixture("qrels.tsv"));
  REQUIRE(qrels);
  const auto expected = nlohmann::json::parse(*read_file(fixture("expected.json"), 1 << 20));
  std::size_t compared = 0;
  for (const auto& [file, values] : expected.items()) {
    const auto run = load_run(fixture(file));
    REQUIRE(run);
    for (const auto& [name, value] : values.items()) {
      INFO(file << " " << name);
      CHECK(measured(*qrels, *run, name) == doctest::Approx(value.get<double>()).epsilon(1e-9));
      ++compared;
    }
  }
  CHECK(compared == 16);
}

TEST_CASE("measures: worked by hand") {
  const Qrels qrels = {{"a", {{"x", 2}, {"y", 1}, {"z", 0}}}, {"b", {{"x", 1}}}};
  const Run run = {{"a", {{"z", 3.0}, {"y", 2.0}, {"x", 1.0}}}};
  CHECK(measured(qrels, run, "RR") == doctest::Approx(0.25));
  CHECK(measured(qrels, run, "MRR@1") == 0);
  CHECK(measured(qrels, run, "R@2") == doctest::Approx(0.25));
  CHECK(measured(qrels, run, "P@2") == doctest::Approx(0.25));
  CHECK(measured(qrels, run, "AP") == doctest::Approx((0.5 + 2.0 / 3) / 2 / 2));
  const double gain = 1 / std::log2(3.0) + 2 / std::log2(4.0);
  CHECK(measured(qrels, run, "nDCG@10") == doctest::Approx(gain / (2 + 1 / std::log2(3.0)) / 2));
}

TEST_CASE(
    "measures: equal scores are ordered by descending document id, also when only single precision makes them so") {
  const Qrels qrels = {{"a", {{"d1", 1}}}};
  CHECK(measured(qrels, {{"a", {{"d1", 1.0}, {"d2", 1.0}}}}, "RR") == doctest::Approx(0.5));
  CHECK(measured(qrels, {{"a", {{"d1", 1.00000001}, {"d2", 1.0}}}}, "RR") == doctest::Approx(0.5));
  CHECK(measured(qrels, {{"a", {{"d1", 1.001}, {"d2", 1.0}}}}, "RR") == doctest::Approx(1.0));
}

TEST_CASE("measures: a name that is no measure is refused") {
  for (const std::string name : {"nDCG@", "nDCG@0", "nDCG@x", "nDCG@-1", "R", "P", "ndcg@10", "", "@10", "AP@10x"}) {
    const auto means = evaluate({{"a", {{"x", 1}}}}, {}, std::vector<std::string>{name});
    INFO(name);
    REQUIRE_FALSE(means);
    CHECK(means.error().kind == ErrorKind::bad_input);
  }
}

TEST_CASE("expected calibration error: the distance between what was promised and what was so") {
  CHECK(expected_calibration_error({}) == 0);
  // Bin 0.2 … 0.3: two promised 0.25, one relevant; bin 0.9 … 1: one promised 1.
  const Promise promises[] = {{0.25F, true}, {0.25F, false}, {1.0F, true}};
  CHECK(expected_calibration_error(promises) == doctest::Approx((1 - 0.5) / 3));
  const Promise weighted[] = {{0.25F, true, 2}, {0.25F, false, 2}, {1.0F, false, 1}};
  CHECK(expected_calibration_error(weighted) == doctest::Approx((2 - 1.0 + 1) / 5));
}

}  // namespace attune
