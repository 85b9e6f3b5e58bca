#include "train/sequence_pass.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "gradient_check.hpp"

namespace attune::train {
namespace {

SequenceModel small_model(SequenceArchitecture architecture, bool rich) {
  SequenceModel model;
  SequenceShape& shape = model.shape;
  shape.architecture = architecture;
  shape.source_words = 9;
  shape.target_words = 7;
  shape.encoder_layers = 1;
  shape.decoder_layers = 2;
  shape.layer = {16, 2, 24};
  if (rich) {
    shape.state_width = 5;
    shape.turns = 3;
    shape.copies = shape.aligns();
  }
  model.weights = first_sequence_weights(shape, 3);
  const std::vector<float> noise = numbers(model.weights.size(), 4, 0.1F);
  for (std::size_t i = 0; i < noise.size(); ++i) model.weights[i] += noise[i];
  return model;
}

struct Texts {
  SequenceSource first, second;
  std::vector<std::uint32_t> first_target = {3, 6, 7, 3};  // 7: a word that the source alone has
  std::vector<std::uint32_t> second_target = {5};
  std::vector<SequenceExample> examples;
};

void fill(Texts& texts, const SequenceShape& shape) {
  texts.first = {{3, 0, 8, 4}, {2, 2, 1, 0}, {}, {3, 99, 7, 5}, 1};
  texts.second = {{5, 6}, {1, 0}, {}, {5, 4}, 0};
  texts.first.states = numbers(4 * shape.state_width, 5, 1);
  texts.second.states = numbers(2 * shape.state_width, 6, 1);
  texts.examples = {{&texts.first, texts.first.states, texts.first_target},
                    {&texts.second, texts.second.states, texts.second_target}};
}

double loss_of(const SequenceShape& shape, std::span<const float> weights, std::span<const SequenceExample> examples,
               const LayerDropout& dropout, double smoothing) {
  TrainableSequence packed;
  packed.pack(shape, weights);
  SequencePass pass;
  return pass.run({shape, packed, weights, examples, dropout, smoothing}, {});
}

const std::vector<SequenceArchitecture> kAll = {SequenceArchitecture::rnn, SequenceArchitecture::rnn_attention,
                                                SequenceArchitecture::transformer};

}  // namespace

TEST_CASE("sequence models' gradients are what finite differences say, tensor by tensor, with dropout") {
  for (const SequenceArchitecture architecture : kAll) {
    for (const bool rich : {false, true}) {
      for (const double rate : {0.0, 0.2}) {
        CAPTURE(name_of(architecture));
        CAPTURE(rich);
        CAPTURE(rate);
        const SequenceModel model = small_model(architecture, rich);
        Texts texts;
        fill(texts, model.shape);
        const LayerDropout dropout{rate, 42};
        TrainableSequence packed;
        packed.pack(model.shape, model.weights);
        SequencePass pass;
        std::vector<float> gradient(model.weights.size(), 0.0F);
        const double loss = pass.run({model.shape, packed, model.weights, texts.examples, dropout, 0.1}, gradient);
        CHECK(loss == doctest::Approx(loss_of(model.shape, model.weights, texts.examples, dropout, 0.1)));
        check_gradient(sequence_layout(model.shape), model.weights, gradient, [&](const std::vector<float>& moved) {
          return loss_of(model.shape, moved, texts.examples, dropout, 0.1);
        });
      }
    }
  }
}

TEST_CASE("a sequence model in use gives the probabilities that training sees, word by word") {
  for (const SequenceArchitecture architecture : kAll) {
    for (const bool rich : {false, true}) {
      CAPTURE(name_of(architecture));
      CAPTURE(rich);
      const SequenceModel model = small_model(architecture, rich);
      Texts texts;
      fill(texts, model.shape);
      // Without a copy gate nothing can write a word that is not in the vocabulary.
      if (!model.shape.copies) texts.first_target[2] = 4;
      const auto layers = SequenceLayers::pack(model);
      const auto trace = layers->trace(texts.first, texts.first_target);
      REQUIRE(trace);
      REQUIRE(trace->words.size() == 5);
      double sum = 0;
      for (const GeneratedWord& word : trace->words) {
        sum -= std::log(word.probability);
        if (!model.shape.aligns()) continue;
        // c_i = Σ a_ij h_j
        for (std::size_t k = 0; k < 16; ++k) {
          double context = 0;
          for (std::size_t j = 0; j < 4; ++j) {
            context += static_cast<double>(word.weights[j]) * static_cast<double>(trace->states_nw[j * 16 + k]);
          }
          CHECK(static_cast<double>(word.context[k]) == doctest::Approx(context).epsilon(1e-4));
        }
      }
      texts.examples[0].targets = texts.first_target;
      const double trained = loss_of(model.shape, model.weights, std::span(texts.examples).first(1), {}, 0);
      CHECK(sum == doctest::Approx(trained).epsilon(1e-4));
    }
  }
}

TEST_CASE("beam search finds what is likelier than greedy search does, and its sums are those of its words") {
  for (const SequenceArchitecture architecture : kAll) {
    CAPTURE(name_of(architecture));
    SequenceModel model = small_model(architecture, true);
    for (float& number : model.weights) number *= 1.5F;
    Texts texts;
    fill(texts, model.shape);
    const auto layers = SequenceLayers::pack(model);
    const auto greedy = layers->generate(texts.first, {.beam = 1, .most_words = 5, .length_penalty = 0});
    const auto wide = layers->generate(texts.first, {.beam = 400, .most_words = 5, .length_penalty = 0});
    REQUIRE(greedy);
    REQUIRE(wide);
    REQUIRE(!greedy->empty());
    REQUIRE(wide->size() > 100);
    CHECK(wide->front().log_probability >= greedy->front().log_probability);
    for (const Generated& found : {greedy->front(), wide->front(), (*wide)[1]}) {
      std::vector<std::uint32_t> words;
      for (const GeneratedWord& word : found.words) words.push_back(word.word);
      const auto again = layers->trace(texts.first, words);
      REQUIRE(again);
      double sum = 0;
      for (const GeneratedWord& word : again->words) sum += std::log(word.probability);
      CHECK(sum == doctest::Approx(found.log_probability).epsilon(1e-4));
    }
    for (std::size_t i = 1; i < wide->size(); ++i) {
      CHECK((*wide)[i - 1].log_probability >= (*wide)[i].log_probability);
    }
  }
}

TEST_CASE("a sequence model comes out of its file as it went in, and a source that does not fit is refused") {
  SequenceModel model = small_model(SequenceArchitecture::transformer, true);
  model.name = "small";
  model.source_words = {"<s>", "</s>", "<unk>", "a", "b", "c", "d", "e", "f"};
  model.target_words = {"<s>", "</s>", "<unk>", "x", "y", "z", "w"};
  model.notes["steps"] = "7";
  const auto file = std::filesystem::temp_directory_path() / "attune-sequence-test.safetensors";
  REQUIRE(save_sequence_model(model, file, WeightPrecision::f32));
  const auto again = load_sequence_model(file);
  std::filesystem::remove(file);
  REQUIRE(again);
  CHECK(again->shape == model.shape);
  CHECK(again->weights == model.weights);
  CHECK(again->target_words == model.target_words);
  CHECK(again->notes == model.notes);
  Texts texts;
  fill(texts, model.shape);
  const auto layers = SequenceLayers::pack(*again);
  texts.first.words[0] = 9;
  CHECK(layers->generate(texts.first).error().kind == ErrorKind::bad_input);
  texts.second.states.clear();
  CHECK(layers->generate(texts.second).error().kind == ErrorKind::bad_input);
  CHECK(layers->generate({}).error().kind == ErrorKind::bad_input);
}

}  // namespace attune::train
