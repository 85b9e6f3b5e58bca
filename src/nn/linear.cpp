#include <cassert>

#include "attune/nn.hpp"

#include "nn/blas_threads.hpp"
#include "nn/matrices.hpp"

namespace attune::nn {

void linear(const LinearWeights& weights, std::span<const float> x_ti, std::span<float> y_to) {
  const std::size_t out = weights.bias.size();
  const std::size_t in = weights.weight.size() / out;
  const std::size_t tokens = x_ti.size() / in;
  assert(weights.weight.size() == out * in && x_ti.size() == tokens * in && y_to.size() == tokens * out);
  use_one_blas_thread();
  const ConstMatrixMap x(x_ti.data(), as_index(tokens), as_index(in));
  const ConstMatrixMap w(weights.weight.data(), as_index(out), as_index(in));
  const ConstVectorMap bias(weights.bias.data(), as_index(out));
  MatrixMap y(y_to.data(), as_index(tokens), as_index(out));
  // The product adds onto the bias, which saves a pass over y.
  y.rowwise() = bias;
  y.noalias() += x * w.transpose();
}

}  // namespace attune::nn
