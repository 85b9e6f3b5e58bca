// One transformer layer (384 wide, 12 heads, 1536 inside) forward and backward, as a trainer's thread runs it.
//
//   ninja -C build/release layer_bench && build/release/tests/bench/layer_bench [tokens in a sequence] [sequences]
//   python3 tools/bench/layer_torch.py [tokens in a sequence] [sequences]     the same in PyTorch
//
// Prints tokens a second (the best of 40 steps) with weights packed anew in each step, where the time goes, and
// the length of each gradient, which both programs must agree on: they make up the same numbers.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "attune/nn/training.hpp"

namespace {

namespace nn = attune::nn;
using Row = std::vector<float>;

constexpr std::size_t kWidth = 384;
constexpr std::size_t kHeads = 12;
constexpr std::size_t kInner = 1536;

Row numbers(std::size_t count, float range, std::uint32_t seed) {
  Row row(count);
  for (float& value : row) {
    seed = seed * 1664525U + 1013904223U;
    value = (static_cast<float>(seed >> 8U) / 8388608.0F - 1.0F) * range;
  }
  return row;
}

double length_of(const Row& row) {
  double square = 0;
  for (const float value : row) square += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(square);
}

// Adds the seconds until it ends to `total`.
class Timed {
 public:
  explicit Timed(double& total) : total_(total) {}
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  ~Timed() { total_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  double& total_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

struct Times {
  double pack = 0, linear = 0, linear_back = 0, attention = 0, attention_back = 0, gelu = 0, gelu_back = 0;
  double norm = 0, norm_back = 0, zeroing = 0, whole = 0;
};

// One linear layer with its gradients.
struct Linear {
  Linear(std::size_t in, std::size_t out, std::uint32_t seed)
      : weight(numbers(in * out, 0.05F, seed)), bias(numbers(out, 0.05F, seed + 1)), d_weight(in * out), d_bias(out) {}
  Row weight, bias, d_weight, d_bias;
  nn::TrainableLinear packed;

  void backward(const Row& x, const Row& d_y, Row& d_x, nn::BackwardScratch& scratch) {
    nn::linear_backward(
        {.transposed = packed.backward, .x = x, .d_y = d_y, .d_x = d_x, .gradients = {d_weight, d_bias}}, scratch);
  }
};

struct Norm {
  explicit Norm(std::uint32_t seed)
      : scale(numbers(kWidth, 1, seed)), shift(numbers(kWidth, 1, seed + 1)), d_scale(kWidth), d_shift(kWidth) {}
  [[nodiscard]] nn::LayerNormWeights view() const { return {scale, shift, 1e-12F}; }
  Row scale, shift, d_scale, d_shift;
  nn::LayerNormTrace trace;
};

class Layer {
 public:
  Layer(std::size_t length, std::size_t sequences)
      : length_(length), sequences_(sequences), x_(numbers(rows() * kWidth, 1, 1)), d_y_(numbers(x_.size(), 1, 2)) {
    for (Row* row : {&q_, &context_, &middle_, &y_, &d_inner_x_, &d_context_, &d_q_, &d_x_}) row->resize(x_.size());
    kv_.resize(2 * x_.size());
    d_kv_.resize(kv_.size());
    for (Row* row : {&inner_, &active_, &d_inner_}) row->resize(rows() * kInner);
    weights_.resize(sequences * kHeads * length * length);
  }

  Times step() {
    Times times;
    const Timed whole(times.whole);
    {
      const Timed timed(times.pack);
      for (Linear* one : {&query_, &key_value_, &output_, &up_, &down_}) one->packed.pack({one->weight, one->bias});
    }
    forward(times);
    backward(times);
    return times;
  }

  void print_gradients() const {
    std::printf("  lengths: y %.6g", length_of(y_));
    for (const Linear* one : {&query_, &key_value_, &output_, &up_, &down_}) {
      std::printf(", %.6g %.6g", length_of(one->d_weight), length_of(one->d_bias));
    }
    std::printf(", norms %.6g %.6g, d_x %.6g\n", length_of(first_norm_.d_scale), length_of(second_norm_.d_scale),
                length_of(d_x_));
  }

  [[nodiscard]] std::size_t rows() const { return length_ * sequences_; }

  void forget_gradients() {
    for (Linear* one : {&query_, &key_value_, &output_, &up_, &down_}) {
      std::fill(one->d_weight.begin(), one->d_weight.end(), 0.0F);
      std::fill(one->d_bias.begin(), one->d_bias.end(), 0.0F);
    }
    for (Norm* one : {&first_norm_, &second_norm_}) {
      std::fill(one->d_scale.begin(), one->d_scale.end(), 0.0F);
      std::fill(one->d_shift.begin(), one->d_shift.end(), 0.0F);
    }
  }

 private:
  // Sequence `index` of rows that hold `width` numbers.
  [[nodiscard]] std::span<float> part(Row& row, std::size_t index, std::size_t width) const {
    return std::span(row).subspan(index * length_ * width, length_ * width);
  }
  [[nodiscard]] std::span<float> weights_of(std::size_t index) {
    return std::span(weights_).subspan(index * kHeads * length_ * length_, kHeads * length_ * length_);
  }

  void forward(Times& times) {
    {
      const Timed timed(times.linear);
      nn::linear(query_.packed.forward, x_, scratch_, q_);
      nn::linear(key_value_.packed.forward, x_, scratch_, kv_);
    }
    {
      const Timed timed(times.attention);
      for (std::size_t index = 0; index < sequences_; ++index) {
        nn::self_attention({.q = part(q_, index, kWidth),
                            .kv = part(kv_, index, 2 * kWidth),
                            .heads = kHeads,
                            .width = kWidth,
                            .out = part(context_, index, kWidth),
                            .weights = weights_of(index)},
                           scratch_);
      }
    }
    {
      const Timed timed(times.linear);
      nn::linear(output_.packed.forward, context_, scratch_, middle_);
    }
    {
      const Timed timed(times.norm);
      nn::add_layer_norm(first_norm_.view(), x_, middle_, first_norm_.trace);
    }
    {
      const Timed timed(times.linear);
      nn::linear(up_.packed.forward, middle_, scratch_, inner_);
    }
    {
      const Timed timed(times.gelu);
      nn::gelu(nn::GeluForm::erf, inner_, active_);
    }
    {
      const Timed timed(times.linear);
      nn::linear(down_.packed.forward, active_, scratch_, y_);
    }
    {
      const Timed timed(times.norm);
      nn::add_layer_norm(second_norm_.view(), middle_, y_, second_norm_.trace);
    }
  }

  void backward(Times& times) {
    {
      const Timed timed(times.zeroing);
      d_inner_x_ = d_y_;
      for (Row* row : {&d_inner_, &d_context_, &d_q_, &d_kv_}) std::fill(row->begin(), row->end(), 0.0F);
    }
    {
      const Timed timed(times.norm_back);
      nn::add_layer_norm_backward(second_norm_.view(), second_norm_.trace, d_inner_x_,
                                  {second_norm_.d_scale, second_norm_.d_shift});
    }
    {
      const Timed timed(times.linear_back);
      down_.backward(active_, d_inner_x_, d_inner_, backward_);
    }
    {
      const Timed timed(times.gelu_back);
      nn::gelu_backward(nn::GeluForm::erf, inner_, d_inner_);
    }
    {
      const Timed timed(times.linear_back);
      up_.backward(middle_, d_inner_, d_inner_x_, backward_);  // onto the residual's gradient
    }
    {
      const Timed timed(times.norm_back);
      nn::add_layer_norm_backward(first_norm_.view(), first_norm_.trace, d_inner_x_,
                                  {first_norm_.d_scale, first_norm_.d_shift});
    }
    {
      const Timed timed(times.linear_back);
      output_.backward(context_, d_inner_x_, d_context_, backward_);
    }
    {
      const Timed timed(times.attention_back);
      for (std::size_t index = 0; index < sequences_; ++index) {
        nn::self_attention_backward({.q = part(q_, index, kWidth),
                                     .kv = part(kv_, index, 2 * kWidth),
                                     .weights = weights_of(index),
                                     .d_out = part(d_context_, index, kWidth),
                                     .heads = kHeads,
                                     .width = kWidth,
                                     .d_q = part(d_q_, index, kWidth),
                                     .d_kv = part(d_kv_, index, 2 * kWidth)},
                                    backward_);
      }
    }
    {
      const Timed timed(times.linear_back);
      query_.backward(x_, d_q_, d_inner_x_, backward_);
      key_value_.backward(x_, d_kv_, d_inner_x_, backward_);
    }
    d_x_ = d_inner_x_;
  }

  std::size_t length_, sequences_;
  Row x_, d_y_, q_, kv_, context_, middle_, inner_, active_, y_, weights_;
  Row d_inner_x_, d_inner_, d_context_, d_q_, d_kv_, d_x_;
  Linear query_{kWidth, kWidth, 10}, key_value_{kWidth, 2 * kWidth, 20}, output_{kWidth, kWidth, 30};
  Linear up_{kWidth, kInner, 40}, down_{kInner, kWidth, 50};
  Norm first_norm_{60}, second_norm_{70};
  nn::Scratch scratch_;
  nn::BackwardScratch backward_;
};

}  // namespace

int main(int count, char** words) {
  const std::size_t length = count > 1 ? std::stoul(words[1]) : 128;
  const std::size_t sequences = count > 2 ? std::stoul(words[2]) : 8;
  Layer layer(length, sequences);
  layer.step();
  layer.forget_gradients();
  layer.step();
  const auto rows = static_cast<double>(layer.rows());
  std::printf("%zu sequences of %zu tokens, one thread, peak %.1f GFLOP/s\n", sequences, length,
              nn::measure_peak(nn::Precision::f32, 1) / 1e9);
  layer.print_gradients();
  Times best{.whole = 1e9};
  for (int run = 0; run < 40; ++run) {
    const Times times = layer.step();
    if (times.whole < best.whole) best = times;
  }
  const double products = 2.0 * rows * (4 * kWidth * kWidth + 2 * kWidth * kInner);
  std::printf("  Attune   %8.0f tokens/s\n", rows / best.whole);
  std::printf("  ms: pack %.2f, linear %.2f (%.0f GFLOP/s), back %.2f (%.0f GFLOP/s), attention %.2f, back %.2f, ",
              1e3 * best.pack, 1e3 * best.linear, products / best.linear / 1e9, 1e3 * best.linear_back,
              2 * products / best.linear_back / 1e9, 1e3 * best.attention, 1e3 * best.attention_back);
  std::printf("gelu %.2f, back %.2f, norm %.2f, back %.2f, zeroing %.2f\n", 1e3 * best.gelu, 1e3 * best.gelu_back,
              1e3 * best.norm, 1e3 * best.norm_back, 1e3 * best.zeroing);
  return 0;
}
