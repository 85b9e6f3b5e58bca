#include "eval/rewrite_measures.hpp"

#include <cmath>
#include <filesystem>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/eval/rewriting.hpp"

#include "eval/rewrite_tokens.hpp"

namespace attune {

namespace {

std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests" / "eval" / "fixture" / "rewriting" / name;
}

nlohmann::json expected() {
  return nlohmann::json::parse(*read_file(fixture("expected.json"), 1 << 20));
}

// The measure of the rows' counts together; −1 where there is nothing to measure.
double measured(std::string_view name, const std::vector<std::pair<RewriteRow, std::string>>& rewrites) {
  RewriteCounts sum;
  for (const auto& [row, written] : rewrites) sum += count_rewrite(row, written);
  for (const NamedRewriteMeasure& measure : rewrite_measures()) {
    if (measure.name == name) return measure.of(sum).value_or(-1);
  }
  FAIL("no measure of that name");
  return 0;
}

const RewriteRow kBorn = {
    "1", "en", {"Ada Lovelace", "A poet's child."}, "Where was she born?", "Where was Ada Lovelace Ada born today?"};

}  // namespace

// fixture/rewriting/expected.json was written by tools/bench/rewriting_golden.py over sacrebleu 2.6.0 and rouge-score
// 0.1.2. The rows are made up: entities, stops in numbers, accents, curly quotes, an n-gram order without any match,
// rewrites longer and shorter than the human ones.
TEST_CASE("tokens: as mteval-v13a cuts, at all of its edges") {
  const auto known = expected();
  REQUIRE(known["tokens"].size() == 20);
  for (const auto& pair : known["tokens"]) {
    std::string joined;
    for (const std::string& token : bleu_tokens(pair[0].get<std::string>(), false)) {
      joined += (joined.empty() ? "" : " ") + token;
    }
    CHECK(joined == pair[1].get<std::string>());
  }
}

TEST_CASE("measures: BLEU-4 is sacrebleu's and ROUGE-L rouge-score's, in English and Chinese") {
  const auto known = expected();
  for (const std::string language : {"en", "zh"}) {
    std::vector<NamedRewriteSystem> systems = {*find_rewrite_system("raw")};
    for (const std::string name : {"written", "poor"}) {
      auto system = load_rewrite_predictions(fixture(language + "." + name + ".jsonl"));
      REQUIRE(system);
      CHECK(system->name == language + "." + name);
      system->name = name;
      systems.push_back(*std::move(system));
    }
    const auto evaluation = evaluate_rewriting(fixture(language + ".jsonl"), systems);
    REQUIRE(evaluation);
    for (const RewriteEvalResult& result : evaluation->systems) {
      for (const std::string measure : {"bleu4", "rouge_l"}) {
        INFO(language << " " << result.system << " " << measure);
        const auto value = known[language][result.system][measure].get<double>();
        CHECK(std::abs(result.metrics.at(measure).value - value) < 1e-9);
      }
    }
  }
}

TEST_CASE("exact match: case and white space do not count, everything else does") {
  CHECK(same_tokens("Where  was Ada ?", "where was Ada?", "en"));
  CHECK_FALSE(same_tokens("where was Ada", "where was Ada?", "en"));
  CHECK(same_tokens("OK 吗", "ok吗", "zh-Hans"));
  CHECK_FALSE(same_tokens("ok吗？", "ok吗?", "zh"));
  CHECK_FALSE(same_tokens("a b", "ab", "en"));
  CHECK(measured("exact_match", {{kBorn, kBorn.rewrite}, {kBorn, "born"}}) == doctest::Approx(0.5));
}

// Restored: ada (twice), lovelace, today; today stands nowhere in the history.
TEST_CASE("restored words: each as often as the person wrote it, those of the query never") {
  const std::string written = "was Ada she born in Ada's Ada London";  // new: ada ×3, in, s, london
  CHECK(measured("rewriting_recall", {{kBorn, written}}) == doctest::Approx(2.0 / 4));
  CHECK(measured("rewriting_precision", {{kBorn, written}}) == doctest::Approx(2.0 / 6));
  CHECK(measured("rewriting_f1", {{kBorn, written}}) == doctest::Approx(2.0 * 2 / (4 + 6)));
  CHECK(measured("copy_accuracy", {{kBorn, written}}) == doctest::Approx(2.0 / 3));
  CHECK(measured("copy_accuracy", {{kBorn, "ada lovelace ada"}}) == doctest::Approx(1));
  CHECK(measured("rewriting_f1", {{kBorn, kBorn.query}}) == 0);
  CHECK(measured("rewriting_precision", {{kBorn, kBorn.query}}) == -1);
  const RewriteRow chinese = {"2", "zh", {"稻香村零食"}, "没听说过", "没听说过稻香村"};
  CHECK(measured("rewriting_f1", {{chinese, "没听说过香村"}}) == doctest::Approx(2.0 * 2 / (3 + 2)));
}

TEST_CASE("complete queries: only rows whose query needs nothing are asked whether it was left alone") {
  RewriteRow complete = kBorn;
  complete.query = "where was ada lovelace ADA born today ?";
  CHECK(measured("unchanged_accuracy", {{kBorn, kBorn.query}}) == -1);
  CHECK(measured("unchanged_accuracy", {{kBorn, "x"}, {complete, complete.query}}) == 1);
  CHECK(measured("unchanged_accuracy", {{complete, kBorn.rewrite}, {complete, complete.query + " x"}}) == 0.5);
}

TEST_CASE("measures: an empty rewrite scores nothing and breaks nothing") {
  for (const NamedRewriteMeasure& measure : rewrite_measures()) {
    const auto value = measure.of(count_rewrite(kBorn, ""));
    INFO(measure.name);
    CHECK(value.value_or(0) == 0);
    CHECK_FALSE(measure.of(RewriteCounts()));
  }
}

}  // namespace attune
