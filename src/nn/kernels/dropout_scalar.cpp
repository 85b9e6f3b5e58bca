#include "nn/kernels/dropout.h"

namespace attune::nn::kernels {
namespace {

std::uint32_t hash(std::uint32_t x) {
  x = (x ^ (x >> 16U)) * 0x7FEB352DU;
  x = (x ^ (x >> 15U)) * 0x846CA68BU;
  return x ^ (x >> 16U);
}

}  // namespace

void dropout_scalar(const DropoutRow& row) {
  for (std::size_t i = 0; i < row.n; ++i) {
    const std::uint32_t bits = hash(hash((row.first + static_cast<std::uint32_t>(i)) ^ row.low_key) ^ row.high_key);
    row.x[i] = static_cast<std::int32_t>(bits >> 8U) < row.threshold ? 0.0F : row.x[i] * row.scale;
  }
}

}  // namespace attune::nn::kernels
