// The JSON of an explanation against its schema: here, because this room has the validator.
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/explain.hpp"

#include "server/assets.hpp"
#include "server/schema.hpp"

namespace attune::server {

TEST_CASE("schema: an explanation of attention has the shape of its schema, with and without links") {
  const auto explainer = AttentionExplainer::open(ATTUNE_SOURCE_DIR "/models/embedder");
  REQUIRE(explainer);
  AttentionRequest request;
  request.text = "动物没有过马路，因为它太累了";
  for (int round = 0; round < 2; ++round) {
    const auto explanation = (*explainer)->explain(request);
    REQUIRE(explanation);
    const auto json = nlohmann::json::parse(attention_json(*explanation));
    const auto fault = find_fault(schema_named("attention.explanation.schema.json"), json);
    CHECK_MESSAGE(!fault, (fault ? fault->pointer + " " + fault->message : ""));
    auto broken = json;
    broken["steps"]["against"][0]["weight"] = 2;
    CHECK(find_fault(schema_named("attention.explanation.schema.json"), broken));
    request.links = {{"它", "动物"}};
  }
}

}  // namespace attune::server
