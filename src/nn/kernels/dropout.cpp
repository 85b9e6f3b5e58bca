#include "nn/kernels/dropout.h"

#include "nn/cpu_level.hpp"

namespace attune::nn::kernels {

void dropout(const DropoutRow& row) {
  if (uses_simd()) {
    dropout_simd(row);
  } else {
    dropout_scalar(row);
  }
}

}  // namespace attune::nn::kernels
