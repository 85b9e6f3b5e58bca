// The model that ships, and its tokenizer against pieces that PyPI `tokenizers` cut (tests/model/golden/README.md).
#include <fstream>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "attune/model.hpp"

namespace {

using attune::ByteSpan;
using attune::Encoder;
using attune::Encoding;
using attune::UnigramTokenizer;

const Encoder& shipped() {
  static const auto encoder = Encoder::open(ATTUNE_SOURCE_DIR "/models/embedder");
  REQUIRE_MESSAGE(encoder, (encoder ? "" : encoder.error().text));
  return **encoder;
}

const UnigramTokenizer& shipped_tokenizer() {
  const auto* tokenizer = dynamic_cast<const UnigramTokenizer*>(&shipped().tokenizer());
  REQUIRE(tokenizer != nullptr);
  return *tokenizer;
}

struct GoldenLine {
  std::string text;
  std::vector<std::int32_t> ids;
};

std::vector<GoldenLine> golden_lines() {
  std::ifstream file(ATTUNE_SOURCE_DIR "/tests/model/golden/pieces.tsv");
  std::vector<GoldenLine> lines;
  for (std::string line; std::getline(file, line);) {
    const std::size_t tab = line.rfind('\t');
    GoldenLine golden{line.substr(0, tab), {}};
    std::istringstream numbers(line.substr(tab + 1));
    for (std::int32_t id = 0; numbers >> id;) golden.ids.push_back(id);
    lines.push_back(std::move(golden));
  }
  return lines;
}

}  // namespace

TEST_CASE("the shipped model says what it is") {
  const attune::ModelDescription& description = shipped().description();
  CHECK(description.name == "multilingual-e5-small");
  CHECK(description.licence == "MIT");
  CHECK(description.source_sha256 == "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f");
  CHECK(description.layers == 12);
  CHECK(description.width == 384);
  CHECK(description.pieces == 250'002);
  CHECK(description.file_bytes <= 35'000'000);
}

TEST_CASE("the shipped tokenizer cuts text into the same pieces as the reference") {
  const UnigramTokenizer& tokenizer = shipped_tokenizer();
  const std::vector<GoldenLine> lines = golden_lines();
  REQUIRE(lines.size() >= 300);
  for (const GoldenLine& line : lines) {
    CAPTURE(line.text);
    CHECK(tokenizer.segment(line.text).ids == line.ids);
  }
}

TEST_CASE("respelling loses no byte: pieces with and without rows cover the same text") {
  const UnigramTokenizer& tokenizer = shipped_tokenizer();
  std::size_t respelled = 0;
  for (const GoldenLine& line : golden_lines()) {
    CAPTURE(line.text);
    const Encoding full = tokenizer.segment(line.text);
    const Encoding kept = tokenizer.encode(line.text);
    std::string full_text;
    for (const std::int32_t id : full.ids) full_text += tokenizer.full_piece(id);
    std::string kept_text;
    for (const std::int32_t id : kept.ids) {
      REQUIRE(id >= 0);
      REQUIRE(id < tokenizer.vocabulary_size());
      kept_text += tokenizer.piece(id);
    }
    CHECK(full_text == kept_text);
    // Wherever a piece of the full segmentation ends, a kept piece ends too.
    std::set<std::size_t> ends;
    for (const ByteSpan span : kept.offsets) ends.insert(span.end);
    for (const ByteSpan span : full.offsets) CHECK(ends.count(span.end) == 1);
    respelled += full.ids.size() != kept.ids.size() ? 1 : 0;
  }
  CHECK(respelled > 0);
}

TEST_CASE("English and Chinese hardly ever need a respelling") {
  const UnigramTokenizer& tokenizer = shipped_tokenizer();
  for (const char* text : {"how do I configure a static IP address", "如何配置静态 IP 地址", "如何設定靜態 IP 位址",
                           "Attention weighs the hidden states of an encoder by an alignment.",
                           "注意力机制让模型在生成每个词时关注输入的不同部分。"}) {
    CAPTURE(text);
    CHECK(tokenizer.segment(text).ids.size() == tokenizer.encode(text).ids.size());
  }
}
