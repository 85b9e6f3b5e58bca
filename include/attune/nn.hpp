// Nn: what do weights do to numbers? The layers of a self-attention encoder, forward, in FP32.
//
// `model` hands over weights and calls the layers in order; nothing here knows names or files. Every function works on
// one sequence alone, on the calling thread: so a result never depends on what else is computed, and callers use as
// many threads as they like. Thread-safe: all state is in the arguments. Eigen and OpenBLAS stay inside.
//
// T tokens of one sequence, W width of the model, F width inside the feed-forward part, H heads, D = W / H.
// All matrices are row-major without gaps unless a stride is named.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace attune::nn {

// The instructions that the element-wise kernels use. Chosen once: the best that this processor has, or what
// ATTUNE_FORCE_CPU=scalar|avx2 names, never more than there is.
enum class CpuLevel { scalar, avx2 };
CpuLevel cpu_level();
std::string_view cpu_level_name(CpuLevel level);
// What cpu_level() answers when ATTUNE_FORCE_CPU holds `forced` ("": unset; an unknown word counts as unset).
CpuLevel choose_cpu_level(std::string_view forced, bool has_avx2);

// y = x · weightᵀ + bias
struct LinearWeights {
  std::span<const float> weight;  // [out, in]
  std::span<const float> bias;    // [out]
};
void linear(const LinearWeights& weights, std::span<const float> x_ti /* [T, in] */,
            std::span<float> y_to /* [T, out] */);

struct LayerNormWeights {
  std::span<const float> scale;  // [W]
  std::span<const float> shift;  // [W]
  float epsilon = 1e-12F;
};
// x = norm(x + residual) for each row [T, W]; `residual` may be empty. Mean and variance are those of the row.
void add_layer_norm(const LayerNormWeights& weights, std::span<const float> residual_tw, std::span<float> x_tw);

// x = x / 2 · (1 + erf(x / √2)), for each number.
void gelu(std::span<float> x);

// Each row of `qkv` holds a token's query, key and value one after the other [T, 3 · W]; each of these holds its heads
// one after the other. out = softmax(q kᵀ / √D) v for each head. `scores` is scratch.
void self_attention(std::span<const float> qkv, std::size_t heads, std::span<float> scores_tt /* [T, T] */,
                    std::span<float> out_tw /* [T, W] */);

// The mean of the rows of x [T, W], scaled to length 1 (zeros stay zeros). T is at least 1.
void mean_pool_to_unit(std::span<const float> x_tw, std::span<float> out_w);

// 4-bit blocks: 32 weights in 18 bytes, an FP16 scale and 16 bytes whose low nibbles are weights 0 to 15 and high
// nibbles weights 16 to 31; a weight is (nibble - 8) · scale.
inline constexpr std::size_t kQ4BlockWeights = 32;
inline constexpr std::size_t kQ4BlockBytes = 18;
// Unpacks whole blocks. `out` has 32 numbers for each 18 bytes.
void unpack_q4(std::span<const std::uint8_t> blocks, std::span<float> out);
// True if every scale is a finite number.
bool q4_is_finite(std::span<const std::uint8_t> blocks);

}  // namespace attune::nn
