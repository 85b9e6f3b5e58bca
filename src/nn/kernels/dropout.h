// Dropout with a mask that is computed, never kept. Number i of x is dropped if the upper 24 bits of
//   hash(hash((first + i) ^ low key) ^ high key)
// are below `threshold`, and is multiplied with `scale` otherwise; hash is a mixer of 32 bits (C. Wellons,
// "lowbias32"). Whole numbers only, so every level drops the same ones.
//   x  [n]  in, out   any alignment; first + n is at most 2^32
#pragma once

#include <cstddef>
#include <cstdint>

namespace attune::nn::kernels {

struct DropoutRow {
  float* x = nullptr;
  std::size_t n = 0;
  std::uint32_t first = 0;
  std::uint32_t low_key = 0;
  std::uint32_t high_key = 0;
  std::int32_t threshold = 0;  // of 2^24
  float scale = 1;
};

void dropout(const DropoutRow& row);  // at cpu_level()
void dropout_scalar(const DropoutRow& row);
void dropout_simd(const DropoutRow& row);

}  // namespace attune::nn::kernels
