// One word in several contexts, with the embedder that ships.
#include "attune/explain/contexts.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace attune {
namespace {

std::filesystem::path embedder() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "models" / "embedder";
}

}  // namespace

TEST_CASE("contexts: what is eaten is like fruit, what makes telephones like a maker of software, by attention alone") {
  const auto compared =
      compare_contexts(embedder(), {"苹果", {"我爱吃苹果。", "我买了苹果的手机。", "我爱吃苹果。"}, {"水果", "微软"}});
  REQUIRE(compared);
  const std::size_t last = compared->layers;
  CHECK(compared->like_at(last, 0, 0) > compared->like_at(last, 0, 1));
  CHECK(compared->like_at(last, 1, 1) > compared->like_at(last, 1, 0));
  // Before any attention there is no context but the place.
  CHECK(compared->same[1] > 0.9F);
  CHECK(compared->same[(last - 1) * 3 + 1] < compared->same[1] - 0.05F);
  for (std::size_t layer = 0; layer <= last; ++layer) {
    CHECK(compared->same[layer * 3] == doctest::Approx(1));
    CHECK(compared->same[layer * 3 + 2] == doctest::Approx(1));
  }
  CHECK(contexts_text(*compared).find("most like “微软” in “我买了苹果的手机。”") != std::string::npos);
  const auto json = nlohmann::json::parse(contexts_json(*compared));
  CHECK(json["likeness"].size() == last + 1);
  CHECK(json["likeness"][last][0][1].get<double>() == doctest::Approx(compared->like_at(last, 0, 1)));
}

TEST_CASE("contexts: a text without the word, and no text at all, are refused with a reason") {
  CHECK(compare_contexts(embedder(), {"梨", {"我爱吃苹果。"}, {}}).error().text.find("does not stand in") !=
        std::string::npos);
  CHECK(compare_contexts(embedder(), {"梨", {}, {}}).error().kind == ErrorKind::bad_input);
  CHECK(compare_contexts(embedder(), {"", {"梨"}, {}}).error().kind == ErrorKind::bad_input);
}

}  // namespace attune
