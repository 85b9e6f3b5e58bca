// The engine: against what `transformers` computes, against itself in every company, and rounded against exact.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include <doctest/doctest.h>

#include "attune/model.hpp"

#include "model/fixtures.hpp"
#include "nn/levels.hpp"

namespace attune {
namespace {

using nn::Precision;
using nn::testing::at_every_level;
using testing::fixture;
using testing::golden;
using Ids = std::vector<std::int32_t>;

std::unique_ptr<Encoder> open_fixture(const std::string& name, Precision precision) {
  auto encoder = Encoder::open(fixture(name), {.precision = precision, .threads = 1, .with_tokenizer = false});
  REQUIRE_MESSAGE(encoder, (encoder ? "" : encoder.error().text));
  return std::move(encoder).value();
}

struct TokenIds {
  Ids ids;
  Ids types;
};

std::vector<Encoder::Sequence> views(const std::vector<TokenIds>& sequences) {
  std::vector<Encoder::Sequence> result;
  for (const TokenIds& sequence : sequences) result.push_back({sequence.ids, sequence.types});
  return result;
}

// Pairs of many lengths; two are equal, and one is a single token.
std::vector<TokenIds> made_up_pairs(const Encoder& encoder) {
  const ModelDescription& shape = encoder.description();
  std::vector<TokenIds> pairs;
  std::uint32_t seed = 5;
  for (const std::size_t length : {9U, 3U, 16U, 1U, 7U, 12U, 2U, 16U, 5U, 3U}) {
    TokenIds pair;
    for (std::size_t t = 0; t < std::min(length, shape.max_positions); ++t) {
      seed = seed * 1664525U + 1013904223U;
      pair.ids.push_back(static_cast<std::int32_t>((seed >> 8U) % shape.vocabulary));
      pair.types.push_back(shape.token_types > 1 && t >= length / 2 ? 1 : 0);
    }
    pairs.push_back(std::move(pair));
  }
  pairs.push_back(pairs[2]);
  return pairs;
}

std::vector<float> scores_of(const Encoder& encoder, const std::vector<TokenIds>& pairs, const BatchOptions& options) {
  const auto sequences = views(pairs);
  std::vector<float> scores(sequences.size() * encoder.description().labels.size());
  const Status status = encoder.classify(sequences, options, scores);
  REQUIRE_MESSAGE(status, (status ? "" : status.error().text));
  return scores;
}

TEST_CASE("FP32 hidden states and logits are those of transformers within 2e-5, at every CPU level") {
  at_every_level([] {
    for (const char* name : testing::kFixtures) {
      CAPTURE(name);
      const auto encoder = open_fixture(name, Precision::f32);
      const nlohmann::json wanted = golden(name);
      for (const nlohmann::json& golden_sequence : wanted["sequences"]) {
        const TokenIds input = {golden_sequence["ids"].get<Ids>(), golden_sequence["token_types"].get<Ids>()};
        const std::vector<Encoder::Sequence> sequence = {{input.ids, input.types}};
        const auto values = golden_sequence["layers"].back().get<std::vector<double>>();
        std::vector<float> states(values.size());
        REQUIRE(encoder->hidden_states(sequence, {}, states));
        for (std::size_t i = 0; i < values.size(); ++i) {
          REQUIRE(std::abs(static_cast<double>(states[i]) - values[i]) < 2e-5);
        }
        if (!golden_sequence.contains("logits")) continue;
        const auto logits = golden_sequence["logits"].get<std::vector<double>>();
        const std::vector<float> found = scores_of(*encoder, {input}, {});
        for (std::size_t i = 0; i < logits.size(); ++i) {
          REQUIRE(std::abs(static_cast<double>(found[i]) - logits[i]) < 2e-5);
        }
      }
    }
  });
}

TEST_CASE("integer hidden states have a cosine of at least 0.99 with the exact ones in encoders of 32 columns") {
  // Wider models lose less: the shipped embedder's vectors keep 0.999 (tests/embed).
  at_every_level([] {
    for (const char* name : testing::kFixtures) {
      CAPTURE(name);
      const auto exact = open_fixture(name, Precision::f32);
      const auto rounded = open_fixture(name, Precision::i8);
      const std::vector<TokenIds> pairs = made_up_pairs(*exact);
      const auto sequences = views(pairs);
      std::vector<float> left(pairs.size() * exact->description().width);
      std::vector<float> right(left.size());
      REQUIRE(exact->encode(sequences, {}, left));
      REQUIRE(rounded->encode(sequences, {}, right));
      for (std::size_t row = 0; row < pairs.size(); ++row) {
        const std::size_t width = exact->description().width;
        const auto begin = left.begin() + static_cast<std::ptrdiff_t>(row * width);
        const auto end = begin + static_cast<std::ptrdiff_t>(width);
        const auto other = right.begin() + static_cast<std::ptrdiff_t>(row * width);
        const float product = std::inner_product(begin, end, other, 0.0F);
        const float length =
            std::sqrt(std::inner_product(begin, end, begin, 0.0F) *
                      std::inner_product(other, other + static_cast<std::ptrdiff_t>(width), other, 0.0F));
        CHECK(product / length > 0.99F);
      }
    }
  });
}

TEST_CASE("pairs score bitwise the same alone, in every place of a batch, shuffled, with 1 and 2 threads") {
  at_every_level([] {
    for (const Precision precision : {Precision::f32, Precision::i8}) {
      for (const char* name : {"bert-pairs", "roberta-pairs", "distilbert-pairs"}) {
        CAPTURE(name);
        const auto encoder = open_fixture(name, precision);
        const std::size_t labels = encoder->description().labels.size();
        std::vector<TokenIds> pairs = made_up_pairs(*encoder);
        BatchOptions one_thread;
        one_thread.threads = 1;
        std::vector<float> alone;
        for (const TokenIds& pair : pairs) {
          const auto score = scores_of(*encoder, {pair}, one_thread);
          alone.insert(alone.end(), score.begin(), score.end());
        }
        std::vector<std::size_t> order(pairs.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        for (std::size_t turn = 0; turn < pairs.size(); ++turn) {
          std::vector<TokenIds> batch;
          for (const std::size_t index : order) batch.push_back(pairs[index]);
          for (const int threads : {1, 2}) {
            for (const std::size_t tokens : {1U, 20U, 1000U}) {
              const auto scores =
                  scores_of(*encoder, batch, {.threads = threads, .tokens_at_a_time = tokens, .stop = {}});
              for (std::size_t place = 0; place < order.size(); ++place) {
                REQUIRE(std::memcmp(scores.data() + place * labels, alone.data() + order[place] * labels,
                                    labels * sizeof(float)) == 0);
              }
            }
          }
          // Every sequence comes to every place, and neighbours change: turn the order and swap two.
          std::rotate(order.begin(), order.begin() + 1, order.end());
          std::swap(order[turn % 5], order[5 + turn % 5]);
        }
      }
    }
  });
}

TEST_CASE("another token type changes the score, and no types are type 0") {
  for (const Precision precision : {Precision::f32, Precision::i8}) {
    const auto encoder = open_fixture("bert-pairs", precision);
    const Ids ids = {1, 5, 6, 2, 7, 2};
    const auto scores = scores_of(*encoder, {{ids, {0, 0, 0, 0, 1, 1}}, {ids, {0, 0, 0, 0, 0, 0}}, {ids, {}}}, {});
    const std::size_t labels = encoder->description().labels.size();
    CHECK(scores[0] != scores[labels]);
    CHECK(scores[labels] == scores[2 * labels]);
  }
}

TEST_CASE("a sequence that the model cannot read is named") {
  const auto encoder = open_fixture("bert-pairs", Precision::i8);
  const auto error_of = [&](const TokenIds& bad) {
    const Ids good_ids = {1, 2};
    const std::vector<Encoder::Sequence> sequences = {{good_ids, {}}, {bad.ids, bad.types}};
    std::vector<float> out(2 * encoder->description().width);
    const Status status = encoder->encode(sequences, {}, out);
    REQUIRE_FALSE(status);
    CHECK(status.error().kind == ErrorKind::bad_input);
    CHECK(status.error().text.find("sequence 2") != std::string::npos);
    return status.error().text;
  };
  error_of({{}, {}});
  error_of({{1, -1}, {}});
  error_of({{1, static_cast<std::int32_t>(encoder->description().vocabulary)}, {}});
  error_of({{1, 2}, {0}});
  error_of({{1, 2}, {0, 2}});
  error_of({Ids(encoder->description().max_positions + 1, 1), {}});
}

TEST_CASE("a model without a head says that it cannot classify, and a stopped run says so") {
  const auto encoder = open_fixture("bert", Precision::i8);
  const Ids ids = {1, 2};
  const std::vector<Encoder::Sequence> sequences = {{ids, {}}};
  CHECK(encoder->classify(sequences, {}, {}).error().kind == ErrorKind::unsupported);
  std::stop_source stop;
  stop.request_stop();
  std::vector<float> out(encoder->description().width);
  BatchOptions options;
  options.stop = stop.get_token();
  CHECK(encoder->encode(sequences, options, out).error().kind == ErrorKind::cancelled);
}

}  // namespace
}  // namespace attune
