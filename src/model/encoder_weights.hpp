// What a file must yield for an encoder to run, whatever the file's format: the shape, and views of the weights.
//
// The readers (our own file, Hugging Face directories, ONNX exports) fill an EncoderWeights and check it; encoder.cpp
// packs it and forgets it. So a reader knows nothing of arithmetic, and the encoder nothing of names and files.
//
// W width, F width inside the feed-forward part, P positions, K token types, L labels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/nn.hpp"

namespace attune {

enum class NumberType { f32, f16, bf16, q4, i8 };  // q4: the blocks of nn::unpack_q4; i8: value · row_scales[row]

// A matrix as its file holds it. Nothing is aligned: read through read_rows.
struct WeightMatrix {
  NumberType type = NumberType::f32;
  std::span<const std::uint8_t> bytes;            // [rows, columns] row-major, or [columns, rows] if `transposed`
  std::span<const std::uint8_t> row_scales = {};  // [rows] FP32, for i8 only
  std::size_t rows = 0;                           // outputs
  std::size_t columns = 0;                        // inputs
  bool transposed = false;                        // ONNX keeps [inputs, outputs]; f32, f16 and bf16 only
};

// Writes rows first … first + count - 1 as FP32 to out [count, columns]. Rows must be in range.
void read_rows(const WeightMatrix& matrix, std::size_t first, std::size_t count, std::span<float> out);

struct LinearParameters {
  WeightMatrix weight;
  std::vector<float> bias;  // [rows]
};

struct NormParameters {
  std::vector<float> scale;  // [W]
  std::vector<float> shift;  // [W]
};

struct LayerParameters {
  LinearParameters query, key, value, attention_output;  // [W, W]
  NormParameters attention_norm;
  LinearParameters feed_forward_in;   // [F, W]
  LinearParameters feed_forward_out;  // [W, F]
  NormParameters output_norm;
};

// A sequence-classification head, read at the first token: logits = classifier · activation(dense · x).
struct HeadParameters {
  std::optional<LinearParameters> dense;  // [W, W]; BERT's pooler, RoBERTa's dense, DistilBERT's pre_classifier
  enum class Activation { none, tanh, relu } activation = Activation::none;
  LinearParameters classifier;  // [L, W]
};

using nn::GeluForm;
enum class Pooling { mean, cls, weighted };  // weighted: token t (from 1) counts t times

struct EncoderShape {
  std::size_t layers = 0;
  std::size_t width = 0;
  std::size_t heads = 0;
  std::size_t feed_forward = 0;
  std::size_t positions = 0;       // rows of the position table that tokens may use
  std::size_t first_position = 0;  // row of the first token: 2 in RoBERTa and XLM-R, else 0
  std::size_t token_types = 0;     // 0: the architecture has none
  std::size_t vocabulary = 0;
  float epsilon = 1e-12F;
  GeluForm gelu = GeluForm::erf;
  Pooling pooling = Pooling::mean;
  bool unit_length = true;  // the pooled vector is scaled to length 1
};

struct EncoderWeights {
  std::shared_ptr<const void> keep;  // what the views point into: a mapped file
  EncoderShape shape;
  WeightMatrix words;              // [vocabulary, W]
  std::vector<float> positions;    // [P, W], from first_position on
  std::vector<float> token_types;  // [K, W]
  NormParameters embedding_norm;
  std::vector<LayerParameters> layers;
  std::optional<HeadParameters> head;
};

}  // namespace attune
