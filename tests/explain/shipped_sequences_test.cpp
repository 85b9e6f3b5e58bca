// The sequence models that ship, on the sentence that every explanation of alignment uses.
#include <algorithm>

#include <doctest/doctest.h>

#include "attune/explain/sequence.hpp"

namespace attune {
namespace {

std::filesystem::path models() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "models";
}

WrittenText translated(const char* architecture, const std::string& text) {
  const auto writer =
      SequenceWriter::open(models() / "sequence" / (std::string(architecture) + ".safetensors"), models() / "embedder");
  REQUIRE(writer);
  CHECK(name_of((*writer)->model().shape.architecture) == architecture);
  auto written = (*writer)->trace({{}, text});
  REQUIRE(written);
  return std::move(*written);
}

// The source's row that a written word takes most from.
std::string strongest(const WrittenText& written, const std::string& word) {
  const auto at = std::ranges::find(written.words, word) - written.words.begin();
  const auto& weights = written.trace.words[static_cast<std::size_t>(at)].weights;
  return written.source[static_cast<std::size_t>(std::ranges::max_element(weights) - weights.begin())].text;
}

}  // namespace

TEST_CASE("shipped sequence models: I love apples, each word aligned with what it says") {
  for (const char* architecture : {"rnn-attention", "transformer"}) {
    CAPTURE(architecture);
    const WrittenText written = translated(architecture, "我爱吃苹果");
    CHECK(written.text == "I love apples");
    CHECK(strongest(written, "I") == "我");
    CHECK(strongest(written, "love") == "爱");
    const std::string apple = strongest(written, "apples");
    CHECK((apple == "苹" || apple == "果"));
  }
}

TEST_CASE("shipped sequence models: an rnn's first word fades from its state") {
  const WrittenText written = translated("rnn", "汤姆昨天在公园里看到了一只猫。");
  const std::size_t steps = written.trace.kept_n.size();
  REQUIRE(steps == 15);
  const auto left = [&](std::size_t t) {
    return written.trace.influence_nn[t * steps] / written.trace.influence_nn[0];
  };
  CHECK(left(steps - 1) < 0.5F * left(1));
  CHECK(written.trace.words.front().weights.empty());
}

}  // namespace attune
