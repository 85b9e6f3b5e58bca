// What one group's sums are multiplied with on their way to y. See gemm_i8.h.
#pragma once

namespace attune::nn::kernels {
namespace {

struct GroupScales {
  const float* w_scale;  // [columns]
  const float* w_sum;    // [columns]
  float x_scale;
  float x_zero;
};

}  // namespace
}  // namespace attune::nn::kernels
