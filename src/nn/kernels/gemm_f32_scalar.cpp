#include "nn/kernels/gemm_f32.h"

namespace attune::nn::kernels {

void gemm_f32_scalar(const GemmF32& job) {
  for (std::size_t row = 0; row < job.rows; ++row) {
    for (std::size_t column = 0; column < job.columns; ++column) {
      float& y = job.y[row * job.y_stride + column];
      float sum = job.add ? y : 0.0F;
      for (std::size_t k = 0; k < job.depth; ++k) {
        sum += job.x[row * job.x_stride + k * job.x_step] * job.b[k * job.b_stride + column];
      }
      y = sum;
    }
  }
}

}  // namespace attune::nn::kernels
