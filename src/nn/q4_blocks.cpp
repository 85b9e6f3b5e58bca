#include <bit>
#include <cassert>

#include "attune/nn.hpp"

namespace attune::nn {
namespace {

// FP16 to FP32, exact.
float from_half(std::uint32_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t exponent = (half >> 10U) & 0x1FU;
  const std::uint32_t fraction = half & 0x3FFU;
  if (exponent == 0) {  // zero and subnormal: fraction · 2^-24
    const float value = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000U | (fraction << 13U));
  return std::bit_cast<float>(sign | ((exponent + 112U) << 23U) | (fraction << 13U));
}

float scale_of(const std::uint8_t* block) {
  return from_half(static_cast<std::uint32_t>(block[0]) | (static_cast<std::uint32_t>(block[1]) << 8U));
}

}  // namespace

void unpack_q4(std::span<const std::uint8_t> blocks, std::span<float> out) {
  assert(blocks.size() % kQ4BlockBytes == 0 && blocks.size() / kQ4BlockBytes * kQ4BlockWeights == out.size());
  float* to = out.data();
  for (std::size_t start = 0; start < blocks.size(); start += kQ4BlockBytes) {
    const std::uint8_t* block = blocks.data() + start;
    const float scale = scale_of(block);
    for (std::size_t index = 0; index < 16; ++index) {
      const int byte = block[2 + index];
      to[index] = static_cast<float>((byte & 15) - 8) * scale;
      to[index + 16] = static_cast<float>((byte >> 4) - 8) * scale;
    }
    to += kQ4BlockWeights;
  }
}

bool q4_is_finite(std::span<const std::uint8_t> blocks) {
  // An FP16 number is infinite or NaN when its five exponent bits are all set: 0x7C in its second byte.
  bool finite = true;
  for (std::size_t start = 0; start + kQ4BlockBytes <= blocks.size(); start += kQ4BlockBytes) {
    finite &= (blocks[start + 1] & 0x7CU) != 0x7CU;
  }
  return finite;
}

}  // namespace attune::nn
