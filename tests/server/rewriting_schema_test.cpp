// The JSON of an evaluation against its schema: here, because this room has the validator.
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/eval/rewriting.hpp"

#include "server/assets.hpp"
#include "server/schema.hpp"

namespace attune::server {

TEST_CASE("schema: an evaluation of rewriting has the shape of its schema, with and without intervals and times") {
  const std::string folder = ATTUNE_SOURCE_DIR "/tests/eval/fixture/rewriting/";
  const std::vector<NamedRewriteSystem> systems = {*find_rewrite_system("raw"), *find_rewrite_system("concatenate"),
                                                   *load_rewrite_predictions(folder + "en.poor.jsonl")};
  for (const std::size_t resamples : {0U, 50U}) {
    const auto evaluation =
        evaluate_rewriting(folder + "en.jsonl", systems, {.resamples = resamples, .lengths = {8, 20}});
    REQUIRE(evaluation);
    const auto json = nlohmann::json::parse(rewriting_to_json(*evaluation));
    const auto fault = find_fault(schema_named("rewriting.evaluation.schema.json"), json);
    CHECK_MESSAGE(!fault, (fault ? fault->pointer + " " + fault->message : ""));
    CHECK(json["compared"].size() == 2);
    CHECK(json["metrics"]["rewriting_precision"].is_null());
    CHECK(json["compared"][1]["latency_ms"].is_null());
    CHECK(json["intervals"]["bleu4"].is_null() == (resamples == 0));
    CHECK(json["lengths"].size() >= 2);
    auto broken = json;
    broken["metrics"]["bleu4"] = 34.6;
    CHECK(find_fault(schema_named("rewriting.evaluation.schema.json"), broken));
    broken = json;
    broken["compared"][0].erase("differences");
    CHECK(find_fault(schema_named("rewriting.evaluation.schema.json"), broken));
  }
}

}  // namespace attune::server
