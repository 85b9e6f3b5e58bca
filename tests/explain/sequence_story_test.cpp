// Alignment and recurrence of small models with known numbers, in all three forms.
#include <cmath>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/explain/sequence.hpp"

#include "temporary_folder.hpp"

namespace attune {
namespace {

std::unique_ptr<SequenceWriter> writer_of(SequenceArchitecture architecture) {
  SequenceModel model;
  model.name = "small";
  model.source_words = {"<s>", "</s>", "<unk>", "我", "爱", "苹", "果"};
  model.target_words = {"<s>", "</s>", "<unk>", "I", "love", "apples"};
  model.shape.architecture = architecture;
  model.shape.source_words = model.source_words.size();
  model.shape.target_words = model.target_words.size();
  model.shape.encoder_layers = 1;
  model.shape.decoder_layers = 1;
  model.shape.layer = {.width = 8, .heads = 2, .feed_forward = 12};
  model.weights = first_sequence_weights(model.shape, 3);
  for (float& number : model.weights) number *= 2;
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "small.safetensors";
  REQUIRE(save_sequence_model(model, file, WeightPrecision::f32));
  auto writer = SequenceWriter::open(file, "", 1);
  REQUIRE(writer);
  return std::move(*writer);
}

SequenceExplanation explained(SequenceArchitecture architecture) {
  SequenceRequest request;
  request.conversation.question = "我爱苹果";
  request.target = "I love apples";
  request.untrained = true;
  auto explanation = explain_sequence(*writer_of(architecture), request);
  REQUIRE(explanation);
  return std::move(*explanation);
}

constexpr auto kShading = HeatMapStyle::shading;

}  // namespace

TEST_CASE("alignment: rows sum to 1, and each context is the sum of the states that its row weighs") {
  for (const auto architecture : {SequenceArchitecture::rnn_attention, SequenceArchitecture::transformer}) {
    const auto json = nlohmann::json::parse(alignment_json(explained(architecture)));
    CHECK(json["columns"] == nlohmann::json{"我", "爱", "苹", "果"});
    CHECK(json["rows"] == nlohmann::json{"I", "love", "apples", "</s>"});
    for (const auto* part : {&json, &json["before_training"]}) {
      REQUIRE((*part)["words"].size() == 4);
      for (const auto& word : (*part)["words"]) {
        double sum = 0;
        for (const double weight : word["weights"]) sum += weight;
        CHECK(sum == doctest::Approx(1));
        for (std::size_t k = 0; k < 8; ++k) {
          double context = 0;
          for (std::size_t j = 0; j < 4; ++j) {
            context += word["weights"][j].get<double>() * (*part)["states"][j][k].get<double>();
          }
          CHECK(word["context"][k].get<double>() == doctest::Approx(context).epsilon(1e-4));
        }
      }
    }
    const bool transformer = architecture == SequenceArchitecture::transformer;
    CHECK(json["heads"].size() == (transformer ? 2 : 0));
    if (!transformer) continue;
    CHECK(json["heads"] != json["before_training"]["heads"]);
    for (const auto& head : json["heads"]) {
      for (const auto& row : head["weights"]) {
        double sum = 0;
        for (const double weight : row) sum += weight;
        CHECK(sum == doctest::Approx(1));
      }
    }
  }
}

TEST_CASE("alignment: the text names states by their words, the picture has every word, an rnn says what it lacks") {
  const auto aligned = explained(SequenceArchitecture::transformer);
  const std::string text = alignment_text(aligned, kShading);
  CHECK(text.find("“我爱苹果” → “I love apples”") != std::string::npos);
  CHECK(text.find("Columns: 1 我 2 爱 3 苹 4 果") != std::string::npos);
  CHECK(text.find("  c2 = ") != std::string::npos);
  CHECK(text.find("→ love (p = ") != std::string::npos);
  CHECK(text.find("layer 1, head 2: sharpness ") != std::string::npos);
  const std::string picture = alignment_svg(aligned);
  for (const char* word : {">我<", ">果<", ">love<", "before training", "love → 爱: "}) {
    CAPTURE(word);
    CHECK(picture.find(word) != std::string::npos);
  }
  const auto fixed = explained(SequenceArchitecture::rnn);
  CHECK(alignment_text(fixed, kShading).find("every word is written from one fixed context c") != std::string::npos);
  const auto json = nlohmann::json::parse(alignment_json(fixed));
  CHECK(json["words"][0]["weights"].empty());
  CHECK(json["words"][0]["context"] == json["words"][3]["context"]);
}

TEST_CASE("recurrence: what a state hangs on is what moving an embedding does to it") {
  const auto explanation = explained(SequenceArchitecture::rnn);
  const auto json = nlohmann::json::parse(*recurrence_json(explanation));
  const auto& influence = json["influence"];
  REQUIRE(influence.size() == 4);
  CHECK(influence[0][1] == 0.0);
  CHECK(influence[3][0].get<double>() > 0);
  CHECK(json["first_word_left"][0] == 1.0);
  for (const double kept : json["kept"]) {
    CHECK(kept > 0);
    CHECK(kept < 1);
  }
  // ‖∂h_t / ∂x_1‖² is the sum over the embedding's numbers of how far the state moves: the model's first word is moved
  // by a small step in each of them.
  const double step = 1e-2;
  std::vector<double> squares(4, 0);
  const auto base = writer_of(SequenceArchitecture::rnn);
  const float scale = embedding_scale(8);
  const auto states = [&](std::size_t number, double by) {
    SequenceModel moved = base->model();
    moved.weights[3 * 8 + number] += static_cast<float>(by) / scale;  // word 3 of the source's table
    SequenceSource source{{3, 4, 5, 6}, {}, {}, {}, 0};
    return SequenceLayers::pack(moved)->trace(source, {})->forward_nh;
  };
  for (std::size_t number = 0; number < 8; ++number) {
    const auto up = states(number, step);
    const auto down = states(number, -step);
    for (std::size_t i = 0; i < up.size(); ++i) {
      const double slope = static_cast<double>(up[i] - down[i]) / (2 * step);
      squares[i / 4] += slope * slope;
    }
  }
  for (std::size_t t = 0; t < 4; ++t) {
    CHECK(influence[t][0].get<double>() == doctest::Approx(std::sqrt(squares[t])).epsilon(0.01));
  }
  CHECK(recurrence_text(explanation, kShading)->find("first word 1.000") != std::string::npos);
  CHECK(recurrence_svg(explanation)->find("What a recurrent encoder keeps") != std::string::npos);
  CHECK(recurrence_text(explained(SequenceArchitecture::transformer), kShading).error().kind == ErrorKind::unsupported);
}

TEST_CASE("explaining a sequence: nothing to read and too much are refused with a reason") {
  const auto writer = writer_of(SequenceArchitecture::rnn_attention);
  SequenceRequest request;
  CHECK(explain_sequence(*writer, request).error().text.find("nothing to read") != std::string::npos);
  for (int i = 0; i < 200; ++i) request.conversation.question += "爱";
  CHECK(explain_sequence(*writer, request).error().kind == ErrorKind::too_large);
}

}  // namespace attune
