#include "nn/kernels/layer_norm.h"

#include "nn/cpu_level.hpp"

namespace attune::nn::kernels {

void add_layer_norm(const LayerNormRow& row) {
  if (uses_simd()) {
    add_layer_norm_simd(row);
  } else {
    add_layer_norm_scalar(row);
  }
}

}  // namespace attune::nn::kernels
