#include "nn/kernels/gemm_i8.h"

namespace attune::nn::kernels {
namespace {

std::int32_t group_sum(const std::uint8_t* x, const std::int8_t* w, std::size_t column) {
  std::int32_t sum = 0;
  for (std::size_t k = 0; k < kQuantGroup; ++k) sum += x[k] * w[(k / 4 * kScalarPanelColumns + column) * 4 + k % 4];
  return sum;
}

}  // namespace

void gemm_i8_scalar(const GemmI8& job) {
  for (std::size_t row = 0; row < job.rows; ++row) {
    for (std::size_t column = 0; column < job.columns; ++column) {
      float& y = job.y[row * job.y_stride + column];
      for (std::size_t g = 0; g < job.groups; ++g) {
        const std::size_t at = g * kScalarPanelColumns + column;
        const std::int32_t sum = group_sum(job.x + row * job.x_stride + g * kQuantGroup,
                                           job.w + g * kQuantGroup * kScalarPanelColumns, column);
        const float scale = job.x_scale[row * job.x_scale_stride + g];
        const float zero = job.x_zero[row * job.x_scale_stride + g];
        y += scale * (static_cast<float>(sum) * job.w_scale[at] - zero * job.w_sum[at]);
      }
    }
  }
}

}  // namespace attune::nn::kernels
