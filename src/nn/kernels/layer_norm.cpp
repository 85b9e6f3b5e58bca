#include "nn/kernels/layer_norm.h"

#include "nn/cpu_level.hpp"

namespace attune::nn::kernels {

float add_layer_norm(const LayerNormRow& row) {
  return uses_simd() ? add_layer_norm_simd(row) : add_layer_norm_scalar(row);
}

void layer_norm_backward(const LayerNormBackwardRow& row) {
  if (uses_simd()) {
    layer_norm_backward_simd(row);
  } else {
    layer_norm_backward_scalar(row);
  }
}

}  // namespace attune::nn::kernels
