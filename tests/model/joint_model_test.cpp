#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "attune/model/joint.hpp"

#include "model/fixtures.hpp"
#include "temporary_folder.hpp"

namespace attune {
namespace {

JointModel from_fixture() {
  auto model = start_joint_model(testing::fixture("bert"),
                                 {.lower_layers = 1, .upper_layers = 1, .cosine_weight = 7, .late_weight = 3});
  REQUIRE(model);
  model->notes["steps"] = "12";
  return *std::move(model);
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("joint layers start as copies of the encoder's upper layers, with a head of zeros and the cosine's weight") {
  const JointModel model = from_fixture();
  const auto layout = joint_layout(model.shape);
  CHECK(layout.back().first + layout.back().count() == model.weights.size());
  for (std::size_t i = 1; i < layout.size(); ++i) CHECK(layout[i].first == layout[i - 1].first + layout[i - 1].count());
  const auto head = joint_head(model.shape, model.weights);
  CHECK(head.cosine_weight[0] == 7);
  CHECK(head.late_weight[0] == 3);
  CHECK(head.bias[0] == 0);
  for (const float weight : head.late_gate) CHECK(weight == 0);
  for (const float weight : head.weight) CHECK(weight == 0);
  const auto lower = start_joint_model(testing::fixture("bert"), {.lower_layers = 0, .upper_layers = 1});
  REQUIRE(lower);
  CHECK(lower->weights != model.weights);  // another layer
  const auto both = start_joint_model(testing::fixture("bert"), {.lower_layers = 0, .upper_layers = 2});
  REQUIRE(both);
  const auto second = joint_layer(both->shape, 1, std::span<const float>(both->weights));
  const auto only = joint_layer(model.shape, 0, std::span<const float>(model.weights));
  CHECK(std::ranges::equal(second.key_value.weight, only.key_value.weight));
  CHECK(std::ranges::equal(second.output_norm.shift, only.output_norm.shift));
  const auto above = start_joint_model(testing::fixture("bert"), {.lower_layers = 2, .upper_layers = 1});
  REQUIRE(above);  // nothing is left above: the topmost layer once more
  const auto topmost = joint_layer(above->shape, 0, std::span<const float>(above->weights));
  CHECK(std::ranges::equal(topmost.key_value.weight, only.key_value.weight));
}

TEST_CASE("more joint layers than the encoder has are refused with both numbers") {
  const auto refused = start_joint_model(testing::fixture("bert"), {.lower_layers = 1, .upper_layers = 9});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::bad_input);
  CHECK(refused.error().text.find("9 joint layers above layer 1") != std::string::npos);
}

TEST_CASE("a joint model's file gives back what was written: FP32 to the bit, int8 to half a step of each row") {
  const testing::TemporaryFolder folder;
  const JointModel model = from_fixture();
  const auto file = folder.path() / "model.safetensors";
  REQUIRE(save_joint_model(model, file, WeightPrecision::f32));
  const auto exact = load_joint_model(file);
  REQUIRE(exact);
  CHECK(exact->weights == model.weights);
  CHECK(exact->shape == model.shape);
  CHECK(exact->base == model.base);
  CHECK(exact->notes == model.notes);

  REQUIRE(save_joint_model(model, file, WeightPrecision::int8));
  const std::string bytes = content(file);
  REQUIRE(save_joint_model(model, file, WeightPrecision::int8));
  CHECK(content(file) == bytes);
  const auto rounded = load_joint_model(file);
  REQUIRE(rounded);
  for (const WeightSlice& slice : joint_layout(model.shape)) {
    for (std::size_t row = 0; row < (slice.columns == 0 ? 1 : slice.rows); ++row) {
      const std::size_t count = slice.columns == 0 ? slice.rows : slice.columns;
      const auto from = std::span(model.weights).subspan(slice.first + row * count, count);
      float peak = 0;
      for (const float weight : from) peak = std::max(peak, std::abs(weight));
      const float step = slice.columns == 0 ? 0 : peak / 127;
      for (std::size_t i = 0; i < count; ++i) {
        CHECK(std::abs(rounded->weights[slice.first + row * count + i] - from[i]) <= 0.5001F * step);
      }
    }
  }
}

TEST_CASE("a joint model is listed among the models, by what it stands above; a broken one with its reason") {
  const testing::TemporaryFolder folder;
  const JointModel model = from_fixture();
  std::filesystem::create_directories(folder.path() / "reranker");
  REQUIRE(save_joint_model(model, folder.path() / "reranker" / "model.safetensors", WeightPrecision::int8));
  const auto list = list_models(folder.path());
  REQUIRE(list);
  REQUIRE(list->models.size() == 1);
  CHECK(list->models[0].description.architecture == "joint-layers");
  CHECK(list->models[0].description.source == "above " + model.base);
  CHECK(list->models[0].description.layers == 1);
  REQUIRE(save_joint_model(model, folder.path() / "reranker" / "model.safetensors", WeightPrecision::f32));
  const auto exact = list_models(folder.path());
  REQUIRE(exact);
  CHECK(exact->models.at(0).description.precision == "f32");
  folder.write("reranker/model.safetensors", "no model");
  const auto broken = list_models(folder.path());
  REQUIRE(broken);
  CHECK(broken->models.empty());
  CHECK(broken->broken.size() == 1);
}

TEST_CASE("a joint model's file that is cut off, of another kind, or not finite is refused, never a crash") {
  const testing::TemporaryFolder folder;
  JointModel model = from_fixture();
  const auto file = folder.path() / "model.safetensors";
  REQUIRE(save_joint_model(model, file, WeightPrecision::int8));
  const std::string bytes = content(file);
  for (std::size_t size = 0; size < bytes.size(); size += bytes.size() / 37) {
    folder.write("cut.safetensors", bytes.substr(0, size));
    CHECK_FALSE(load_joint_model(folder.path() / "cut.safetensors"));
  }
  std::string hostile = bytes;
  const std::size_t place = hostile.find("\"width\":\"");
  REQUIRE(place != std::string::npos);
  hostile[place + 9] = '9';
  folder.write("hostile.safetensors", hostile);
  CHECK(load_joint_model(folder.path() / "hostile.safetensors").error().kind == ErrorKind::corrupt);
  CHECK_FALSE(load_joint_model(testing::fixture("bert") / "model.safetensors"));
  CHECK(load_joint_model(folder.path() / "nothing").error().kind == ErrorKind::not_found);
  model.weights[5] = std::nanf("");
  const Status refused = save_joint_model(model, file, WeightPrecision::int8);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().text.find("layers.0.query.weight") != std::string::npos);
}

TEST_CASE("an encoder's states on the way: the last layer's are the hidden states, whoever shares the work") {
  const auto encoder = Encoder::open(testing::fixture("bert"), {.with_tokenizer = false});
  REQUIRE(encoder);
  const std::vector<std::vector<std::int32_t>> ids{{1, 5, 9, 3}, {2}, {7, 7, 8, 1, 4, 6}};
  std::vector<Encoder::Sequence> sequences;
  std::size_t tokens = 0;
  for (const auto& some : ids) {
    sequences.push_back({some, {}});
    tokens += some.size();
  }
  const std::size_t width = (*encoder)->description().width;
  const std::size_t layers = (*encoder)->description().layers;
  std::vector<float> wanted(tokens * width);
  std::vector<float> wanted_vectors(ids.size() * width);
  REQUIRE((*encoder)->hidden_states(sequences, {}, wanted));
  REQUIRE((*encoder)->encode(sequences, {}, wanted_vectors));
  std::vector<float> before(tokens * width);
  for (const int threads : {1, 2, 3}) {
    for (const std::size_t budget : {std::size_t{1}, std::size_t{256}}) {
      std::vector<float> states(tokens * width);
      std::vector<float> vectors(ids.size() * width);
      const BatchOptions batch{.threads = threads, .tokens_at_a_time = budget};
      REQUIRE((*encoder)->encode_with_states(sequences, batch, {layers, states}, vectors));
      CHECK(states == wanted);
      CHECK(vectors == wanted_vectors);
      REQUIRE((*encoder)->encode_with_states(sequences, batch, {layers - 1, states}, vectors));
      CHECK(states != wanted);
      if (threads > 1) CHECK(states == before);
      before = states;
    }
  }
  const Status refused = (*encoder)->encode_with_states(sequences, {}, {layers + 1, wanted}, wanted_vectors);
  CHECK(refused.error().kind == ErrorKind::bad_input);
}

}  // namespace attune
