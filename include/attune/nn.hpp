// Nn: what do weights do to numbers? The layers of a self-attention encoder, forward (back: attune/nn/training.hpp).
//
// `model` hands over weights and calls the layers in order; nothing here knows names or files. Layers work on sequences
// packed back to back, [T, W] for T tokens in all, without padding, on the calling thread. No number depends on which
// other rows are computed with it: every row is one fixed chain of operations, so a sequence's result is bitwise the
// same alone, in any batch and on any number of threads. Between CPU levels results differ in the last bits, because
// sums are cut into vectors of other lengths; integer sums are exact at every level. Thread-safe: all state is in the
// arguments.
//
// T tokens, W width of the model, F width inside the feed-forward part, H heads, D = W / H.
// All matrices are row-major without gaps unless a stride is named.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "attune/core/aligned.hpp"

namespace attune::nn {

// The instructions that the kernels use. Chosen once: the best that this processor has, or what
// ATTUNE_FORCE_CPU=scalar|avx2|avx512|vnni names, never more than there is.
enum class CpuLevel { scalar, avx2, avx512, vnni };
CpuLevel cpu_level();
std::string_view cpu_level_name(CpuLevel level);
// What cpu_level() answers when ATTUNE_FORCE_CPU holds `forced` ("": unset; an unknown word counts as unset).
CpuLevel choose_cpu_level(std::string_view forced, CpuLevel best);

// How weights are kept and multiplied. i8: weights and activations are quantised (src/nn/kernels/gemm_i8.h says how), a
// quarter of the memory and two to three times as fast on AVX2; sums of products are exact.
enum class Precision { f32, i8 };

// Operations a second (a product and an addition are two) that this machine does at most with the arithmetic of these
// kernels, out of registers, with `threads` threads at once. Runs for about a quarter of a second; the best of several.
double measure_peak(Precision precision, std::size_t threads);

// y = x · weightᵀ + bias
struct LinearWeights {
  std::span<const float> weight;  // [out, in]
  std::span<const float> bias;    // [out]
};

// The weights of one or more products of the same x, laid out for the kernels of this processor.
class PackedLinear {
 public:
  // `range` [in], i8 only: how large the inputs of each column may get, in any unit; empty: alike. Columns with large
  // inputs are scaled down before rounding and their weights scaled up, which loses less where inputs differ much.
  static PackedLinear pack(const LinearWeights& weights, Precision precision, std::span<const float> range = {});

  // FP32, in the memory that is there: for weights that change at every step of a training. The second packs what
  // leads back, y = x · weight with x [T, out] and y [T, in], without a bias.
  void repack(const LinearWeights& weights);
  void repack_transposed(const LinearWeights& weights);

  [[nodiscard]] std::size_t in() const { return in_; }
  [[nodiscard]] std::size_t out() const { return out_; }
  [[nodiscard]] Precision precision() const { return precision_; }
  [[nodiscard]] std::size_t bytes() const;  // of memory

 private:
  friend class PackedProduct;  // src/nn/packed_product.hpp
  void shape_f32(std::size_t in, std::size_t out);
  void pack_f32(std::span<const float> weight);
  void pack_i8(std::span<const float> weight, std::span<const float> range);

  Precision precision_ = Precision::f32;
  std::size_t in_ = 0;
  std::size_t out_ = 0;
  std::size_t panel_columns_ = 0;  // outputs are kept in panels as wide as the kernels' tiles
  std::vector<float> bias_;        // [out]
  AlignedVector<float> f32_;       // [panels, in, columns]
  AlignedVector<std::int8_t> i8_;  // [panels, groups, 32, columns, 4]
  AlignedVector<float> i8_scale_;  // [panels, groups, columns]
  AlignedVector<float> i8_sum_;    // [panels, groups, columns]
  std::vector<float> factor_;      // [in], what inputs are multiplied with before rounding; empty: nothing
};

// Rows of activations in 7 bits: src/nn/kernels/quantise.h.
struct QuantisedRows {
  std::vector<std::uint8_t> q;
  std::vector<float> scale;
  std::vector<float> zero;
};

// Memory that layers work in, one for each thread. Grows to what the longest call needed.
struct Scratch {
  QuantisedRows rows;
  QuantisedRows inner_rows;
  std::vector<float> inner;
  std::vector<float> keys;
  std::vector<float> values;
  std::vector<float> scores;
};

// y = x · weightᵀ + bias for each row.
void linear(const PackedLinear& weights, std::span<const float> x_ti /* [T, in] */, Scratch& scratch,
            std::span<float> y_to /* [T, out] */);

// x / 2 · (1 + erf(x / √2)), or its approximation by tanh, "gelu_new", which is several times slower here.
enum class GeluForm { erf, tanh };

// y = down · gelu(up · x) for each row: the feed-forward part, a few rows at a time, so that the wide middle stays in
// the processor's cache.
struct FeedForward {
  const PackedLinear& up;    // [F, W]
  const PackedLinear& down;  // [W, F]
  GeluForm gelu = GeluForm::erf;
};
void feed_forward(const FeedForward& weights, std::span<const float> x_tw, Scratch& scratch, std::span<float> y_tw);

struct LayerNormWeights {
  std::span<const float> scale;  // [W]
  std::span<const float> shift;  // [W]
  float epsilon = 1e-12F;
};
// x = norm(x + residual) for each row [T, W]; `residual` may be empty. Mean and variance are those of the row.
void add_layer_norm(const LayerNormWeights& weights, std::span<const float> residual_tw, std::span<float> x_tw);

// Self-attention of one sequence of T tokens, for Q of its tokens: a head that reads one token needs one query. Queries
// may as well be those of another sequence, and outnumber the keys: attention across.
//   q    [Q, W]    in    one head after the other
//   kv   [T, 2 W]  in    each row a token's key and its value, each one head after the other
//   out  [Q, W]    out   for each head softmax(q kᵀ / √D) v
//   weights [H, Q, T]  out  the softmax, if it is not empty; nothing is spent on it otherwise
struct SelfAttention {
  std::span<const float> q;
  std::span<const float> kv;
  std::size_t heads = 1;
  std::size_t width = 0;
  std::span<float> out;
  std::span<float> weights;
};
void self_attention(const SelfAttention& job, Scratch& scratch);

// The mean of the rows of x [T, W], T at least 1; weighted: row t, from 1, counts t times.
void mean_pool(std::span<const float> x_tw, bool weighted, std::span<float> out_w);

// Scales x to length 1; zeros stay zeros.
void to_unit_length(std::span<float> x);

// 4-bit blocks: 32 weights in 18 bytes, an FP16 scale and 16 bytes whose low nibbles are weights 0 to 15 and high
// nibbles weights 16 to 31; a weight is (nibble - 8) · scale.
inline constexpr std::size_t kQ4BlockWeights = 32;
inline constexpr std::size_t kQ4BlockBytes = 18;
// Unpacks whole blocks. `out` has 32 numbers for each 18 bytes.
void unpack_q4(std::span<const std::uint8_t> blocks, std::span<float> out);
// True if every scale is a finite number.
bool q4_is_finite(std::span<const std::uint8_t> blocks);

}  // namespace attune::nn
