// The embedder that ships: against a reference (tests/embed/golden/README.md), and against itself in every company.
#include "attune/embed.hpp"

#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

namespace {

using attune::Embedder;
using attune::EmbedOptions;
using attune::EmbedRole;
using attune::open_embedder;
using Views = std::vector<std::string_view>;

const Embedder& shipped() {
  static const auto embedder = open_embedder(ATTUNE_SOURCE_DIR "/models/embedder", EmbedOptions{.threads = 2});
  REQUIRE_MESSAGE(embedder, (embedder ? "" : embedder.error().text));
  return **embedder;
}

struct GoldenVector {
  EmbedRole role = EmbedRole::query;
  std::string text;
  std::vector<double> values;
};

std::vector<GoldenVector> golden_vectors() {
  std::ifstream file(ATTUNE_SOURCE_DIR "/tests/embed/golden/vectors.tsv");
  std::vector<GoldenVector> result;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    GoldenVector golden;
    std::string role;
    std::getline(fields, role, '\t');
    std::getline(fields, golden.text, '\t');
    golden.role = role == "query" ? EmbedRole::query : EmbedRole::passage;
    for (double value = 0; fields >> value;) golden.values.push_back(value);
    result.push_back(std::move(golden));
  }
  return result;
}

bool same_bits(std::span<const float> left, std::span<const float> right) {
  return left.size() == right.size() && std::memcmp(left.data(), right.data(), left.size_bytes()) == 0;
}

std::vector<float> alone(const Embedder& embedder, std::string_view text, EmbedRole role = EmbedRole::passage) {
  const auto result = embedder.embed(Views{text}, role);
  REQUIRE(result);
  return result->values;
}

double cosine(std::span<const float> left, std::span<const float> right) {
  double sum = 0;
  for (std::size_t index = 0; index < left.size(); ++index) {
    sum += static_cast<double>(left[index]) * static_cast<double>(right[index]);
  }
  return sum;
}

// How far an embedder is from the reference, over all golden vectors.
struct Distance {
  double furthest_number = 0;
  double lowest_cosine = 1;
};

Distance distance_from_reference(const Embedder& embedder) {
  Distance distance;
  const std::vector<GoldenVector> golden = golden_vectors();
  REQUIRE(golden.size() >= 12);
  for (const GoldenVector& wanted : golden) {
    const std::vector<float> found = alone(embedder, wanted.text, wanted.role);
    REQUIRE(found.size() == wanted.values.size());
    double dot = 0;
    double length = 0;
    for (std::size_t index = 0; index < found.size(); ++index) {
      const double value = static_cast<double>(found[index]);
      dot += value * wanted.values[index];
      length += wanted.values[index] * wanted.values[index];
      distance.furthest_number = std::max(distance.furthest_number, std::abs(value - wanted.values[index]));
    }
    distance.lowest_cosine = std::min(distance.lowest_cosine, dot / std::sqrt(length));
  }
  return distance;
}

}  // namespace

TEST_CASE("FP32 vectors agree with the reference within 5e-6 in each number and 1e-8 in cosine") {
  // FP32 sums in another order move a number by about 1e-7; the file is rounded to 5e-7.
  const auto exact = open_embedder(ATTUNE_SOURCE_DIR "/models/embedder",
                                   EmbedOptions{.threads = 2, .precision = attune::nn::Precision::f32});
  REQUIRE(exact);
  const Distance distance = distance_from_reference(**exact);
  CHECK(distance.furthest_number < 5e-6);
  CHECK(distance.lowest_cosine > 1 - 1e-8);
}

TEST_CASE("integer vectors have a cosine of at least 0.999 with the reference") {
  CHECK(distance_from_reference(shipped()).lowest_cosine >= 0.999);
}

TEST_CASE("a vector is the same bit for bit alone, in a batch, in another order and on any number of threads") {
  std::vector<std::string> texts;
  for (int index = 0; index < 10; ++index) {
    std::string text = index % 2 == 0 ? "如何配置静态网络地址" : "the quick brown fox";
    for (int repeat = 0; repeat < index; ++repeat) text += " " + std::to_string(repeat * 7) + " 注意力 attention";
    texts.push_back(text);
  }
  texts.emplace_back("");
  texts.push_back(texts[3]);
  const Views views(texts.begin(), texts.end());
  const Views backwards(texts.rbegin(), texts.rend());

  for (const int threads : {1, 5}) {
    const auto embedder = open_embedder(ATTUNE_SOURCE_DIR "/models/embedder", EmbedOptions{.threads = threads});
    REQUIRE(embedder);
    const auto batch = (*embedder)->embed(views, EmbedRole::passage);
    const auto reversed = (*embedder)->embed(backwards, EmbedRole::passage);
    REQUIRE(batch);
    REQUIRE(reversed);
    for (std::size_t index = 0; index < texts.size(); ++index) {
      CAPTURE(index);
      const std::vector<float> single = alone(shipped(), texts[index]);
      CHECK(same_bits(batch->row(index), single));
      CHECK(same_bits(reversed->row(texts.size() - 1 - index), single));
    }
  }
}

TEST_CASE("vectors have length 1, also of nothing and of bytes that are no text") {
  const Views texts = {"", " ", "\n\t", "\xFF\xFE\x80", std::string_view("\0\0", 2), "x", "𓀀𓀁"};
  const auto result = shipped().embed(texts, EmbedRole::query);
  REQUIRE(result);
  CHECK(result->dimension == 384);
  for (std::size_t index = 0; index < texts.size(); ++index) {
    CHECK(cosine(result->row(index), result->row(index)) == doctest::Approx(1).epsilon(1e-5));
  }
  CHECK(shipped().embed(Views{}, EmbedRole::query)->values.empty());
}

TEST_CASE("questions and passages are prefixed differently by the model itself") {
  const std::vector<float> query = alone(shipped(), "static IP address", EmbedRole::query);
  const std::vector<float> passage = alone(shipped(), "static IP address", EmbedRole::passage);
  CHECK_FALSE(same_bits(query, passage));
  CHECK(cosine(query, passage) > 0.8);
}

TEST_CASE("meaning crosses languages: a Chinese question is nearest to its English passage") {
  const std::vector<float> query = alone(shipped(), "如何配置静态 IP 地址", EmbedRole::query);
  const Views passages = {"To give the interface a fixed address, edit /etc/network/interfaces.",
                          "The cat sat on the mat and slept all day.", "Bread is baked from flour, water and yeast."};
  const auto vectors = shipped().embed(passages, EmbedRole::passage);
  REQUIRE(vectors);
  CHECK(cosine(query, vectors->row(0)) > cosine(query, vectors->row(1)) + 0.02);
  CHECK(cosine(query, vectors->row(0)) > cosine(query, vectors->row(2)) + 0.02);
}

TEST_CASE("what is longer than the model reads is cut and counted; what just fits is not") {
  const std::size_t most = shipped().max_tokens();
  CHECK(most > 500);
  CHECK(most < 511);
  std::string fits;
  while (shipped().tokenizer().count(fits + " word") <= most) fits += " word";
  const std::string longer = fits + " different words at the end";
  const auto result = shipped().embed(Views{fits, longer, "short"}, EmbedRole::passage);
  REQUIRE(result);
  CHECK(result->truncated == 1);
  CHECK(same_bits(result->row(0), result->row(1)));
  CHECK(result->tokens > 2 * most);
}

TEST_CASE("a stop that was asked for ends in cancelled") {
  std::stop_source source;
  source.request_stop();
  const auto result = shipped().embed(Views{"text"}, EmbedRole::passage, source.get_token());
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == attune::ErrorKind::cancelled);
}

TEST_CASE("the identity names the weights") {
  const std::string& identity = shipped().identity();
  CHECK(identity.substr(0, identity.find('@')) == "multilingual-e5-small");
  CHECK(identity.size() - identity.find('@') == 17);
}

TEST_CASE("an absent directory is not found") {
  const auto embedder = open_embedder("/nonexistent/model");
  REQUIRE_FALSE(embedder);
  CHECK(embedder.error().kind == attune::ErrorKind::not_found);
}

TEST_CASE("what models read of a passage says title and headings once") {
  using attune::passage_for_embedding;
  CHECK(passage_for_embedding("Manual", "", "Text.") == "Manual\nText.");
  CHECK(passage_for_embedding("Manual", "Manual › Pumps", "Pumps\n\nText.") == "Manual\nPumps\n\nText.");
  CHECK(passage_for_embedding("Manual", "Pumps", "Text.") == "Manual\nPumps\nText.");
  CHECK(passage_for_embedding("", "", "Text.") == "Text.");
}
