#include <cassert>
#include <cmath>

#include "attune/nn.hpp"

#include "nn/blas_threads.hpp"
#include "nn/kernels/softmax.h"
#include "nn/matrices.hpp"

namespace attune::nn {

void self_attention(std::span<const float> qkv, std::size_t heads, std::span<float> scores_tt,
                    std::span<float> out_tw) {
  std::size_t tokens = 1;
  while (tokens * tokens < scores_tt.size()) ++tokens;
  const std::size_t width = out_tw.size() / tokens;
  const std::size_t head_size = width / heads;
  assert(scores_tt.size() == tokens * tokens && qkv.size() == 3 * out_tw.size() && head_size * heads == width);
  use_one_blas_thread();

  const Eigen::OuterStride<> qkv_stride(as_index(3 * width));
  const auto part = [&](std::size_t which, std::size_t head) {
    const float* first = qkv.data() + which * width + head * head_size;
    return ConstColumnsMap(first, as_index(tokens), as_index(head_size), qkv_stride);
  };
  MatrixMap scores(scores_tt.data(), as_index(tokens), as_index(tokens));
  const float scale = 1.0F / std::sqrt(static_cast<float>(head_size));
  for (std::size_t head = 0; head < heads; ++head) {
    scores.noalias() = part(0, head) * part(1, head).transpose();
    for (std::size_t token = 0; token < tokens; ++token) {
      kernels::softmax(scores_tt.data() + token * tokens, tokens, scale);
    }
    ColumnsMap out(out_tw.data() + head * head_size, as_index(tokens), as_index(head_size),
                   Eigen::OuterStride<>(as_index(width)));
    out.noalias() = scores * part(2, head);
  }
}

}  // namespace attune::nn
