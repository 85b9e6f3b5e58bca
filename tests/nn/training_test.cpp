// Backward passes of the encoder's layers against finite differences, and what batches may not change.
#include "attune/nn/training.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "nn/double_layers.hpp"
#include "nn/golden_numbers.hpp"
#include "nn/levels.hpp"

namespace attune::nn {
namespace {

using testing::at_every_level;
using testing::check_gradient;
using testing::numbers;
using testing::Numbers;
using testing::same_bits;
using testing::weighted_sum;
using testing::widened;
using Row = std::vector<float>;

Row joined(const Row& a, const Row& b) {
  Row both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

// What linear_backward() makes of one call after the other on shared gradients.
struct LinearResult {
  Row d_x, d_weight, d_bias;
};
LinearResult run_linear(const LinearWeights& weights, const std::vector<Row>& x, const std::vector<Row>& d_y) {
  TrainableLinear layer;
  layer.pack(weights);
  BackwardScratch scratch;
  LinearResult result{{}, Row(weights.weight.size()), Row(weights.bias.size())};
  for (std::size_t call = 0; call < x.size(); ++call) {
    Row d_x(x[call].size());
    linear_backward({.transposed = layer.backward,
                     .x = x[call],
                     .d_y = d_y[call],
                     .d_x = d_x,
                     .gradients = {result.d_weight, result.d_bias}},
                    scratch);
    result.d_x = joined(result.d_x, d_x);
  }
  return result;
}

// Softmax attention and its backward pass.
struct Attention {
  Row q, kv, d_out;
  std::size_t heads = 1;
  std::size_t width = 0;

  struct Result {
    Row out, d_q, d_kv;
  };
  [[nodiscard]] Result run() const {
    Result result{Row(q.size()), Row(q.size()), Row(kv.size())};
    Row weights(heads * (q.size() / width) * (kv.size() / (2 * width)));
    Scratch scratch;
    self_attention({.q = q, .kv = kv, .heads = heads, .width = width, .out = result.out, .weights = weights}, scratch);
    BackwardScratch backward;
    self_attention_backward({.q = q,
                             .kv = kv,
                             .weights = weights,
                             .d_out = d_out,
                             .heads = heads,
                             .width = width,
                             .d_q = result.d_q,
                             .d_kv = result.d_kv},
                            backward);
    return result;
  }
};

Attention made_up_attention(std::size_t queries, std::size_t tokens, std::size_t heads, std::size_t width) {
  return {numbers(queries * width, 2, 1), numbers(tokens * 2 * width, 2, 2), numbers(queries * width, 1, 3), heads,
          width};
}

}  // namespace

TEST_CASE("linear backward: all three gradients are those of finite differences, at every level") {
  const std::size_t in = 7;
  const std::size_t out = 19;
  const Row weight = numbers(in * out, 1, 1), bias = numbers(out, 1, 2);
  const Row x = numbers(in * 5, 1, 3), d_y = numbers(out * 5, 1, 4);
  at_every_level([&] {
    const LinearResult found = run_linear({weight, bias}, {x}, {d_y});
    const auto loss = [&](const Numbers& x_n, const Numbers& weight_n, const Numbers& bias_n) {
      return weighted_sum(testing::linear_of(x_n, weight_n, bias_n), d_y);
    };
    check_gradient(x, found.d_x, [&](const Numbers& at) { return loss(at, widened(weight), widened(bias)); });
    check_gradient(weight, found.d_weight, [&](const Numbers& at) { return loss(widened(x), at, widened(bias)); });
    check_gradient(bias, found.d_bias, [&](const Numbers& at) { return loss(widened(x), widened(weight), at); });
  });
}

TEST_CASE("linear backward: large products agree with sums in FP64, over every border between blocks") {
  at_every_level([] {
    const std::size_t in = 70;
    const std::size_t out = 205;
    const std::size_t tokens = 300;
    const Row weight = numbers(in * out, 1, 1), x = numbers(in * tokens, 1, 3), d_y = numbers(out * tokens, 1, 4);
    const LinearResult found = run_linear({weight, Row(out)}, {x}, {d_y});
    for (std::size_t o = 0; o < out; o += 3) {
      for (std::size_t i = 0; i < in; ++i) {
        double sum = 0;
        for (std::size_t t = 0; t < tokens; ++t) {
          sum += static_cast<double>(d_y[t * out + o]) * static_cast<double>(x[t * in + i]);
        }
        REQUIRE(std::abs(static_cast<double>(found.d_weight[o * in + i]) - sum) < 1e-4);
      }
    }
    for (std::size_t t = 0; t < tokens; t += 7) {
      for (std::size_t i = 0; i < in; ++i) {
        double sum = 0;
        for (std::size_t o = 0; o < out; ++o) {
          sum += static_cast<double>(d_y[t * out + o]) * static_cast<double>(weight[o * in + i]);
        }
        REQUIRE(std::abs(static_cast<double>(found.d_x[t * in + i]) - sum) < 1e-4);
      }
    }
  });
}

TEST_CASE("linear backward: two sequences in one call give the bits of one call after the other, however long") {
  at_every_level([] {
    const std::size_t in = 21;
    const std::size_t out = 100;
    const Row weight = numbers(in * out, 1, 1);
    for (const std::size_t first : {1U, 13U, 255U, 256U, 300U}) {
      const Row x_1 = numbers(in * first, 1, 3), d_1 = numbers(out * first, 1, 4);
      const Row x_2 = numbers(in * 50, 1, 5), d_2 = numbers(out * 50, 1, 6);
      const LinearResult apart = run_linear({weight, Row(out)}, {x_1, x_2}, {d_1, d_2});
      const LinearResult together = run_linear({weight, Row(out)}, {joined(x_1, x_2)}, {joined(d_1, d_2)});
      CHECK(same_bits(apart.d_weight, together.d_weight));
      CHECK(same_bits(apart.d_bias, together.d_bias));
      CHECK(same_bits(apart.d_x, together.d_x));
    }
  });
}

TEST_CASE("linear backward: gradients are added, frozen weights and unasked inputs are left alone") {
  const Row weight = {1, 2, 3, 4}, x = {1, 10}, d_y = {1, -1};
  TrainableLinear layer;
  layer.pack({weight, Row{0, 0}});
  BackwardScratch scratch;
  Row d_x = {100, 200}, d_weight = {1, 1, 1, 1}, d_bias = {5, 5};
  linear_backward({.transposed = layer.backward, .x = x, .d_y = d_y, .d_x = d_x, .gradients = {d_weight, d_bias}},
                  scratch);
  CHECK(d_x == Row{98, 198});
  CHECK(d_weight == Row{2, 11, 0, -9});
  CHECK(d_bias == Row{6, 4});
  linear_backward({.transposed = layer.backward, .x = {}, .d_y = d_y, .d_x = {}, .gradients = {{}, d_bias}}, scratch);
  CHECK(d_bias == Row{7, 3});
}

TEST_CASE("repacked weights are those of a fresh packing, whatever was there before") {
  at_every_level([] {
    TrainableLinear layer;
    Scratch scratch;
    for (const std::size_t out : {40U, 40U, 33U, 5U}) {
      const std::size_t in = 9;
      const Row weight = numbers(in * out, 1, static_cast<std::uint32_t>(out)), bias = numbers(out, 1, 2);
      const Row x = numbers(in * 4, 1, 3);
      layer.pack({weight, bias});
      Row found(4 * out), wanted(4 * out);
      linear(layer.forward, x, scratch, found);
      linear(PackedLinear::pack({weight, bias}, Precision::f32), x, scratch, wanted);
      CHECK(same_bits(found, wanted));
      Row transposed;  // [in, out]
      for (std::size_t i = 0; i < in; ++i) {
        for (std::size_t o = 0; o < out; ++o) transposed.push_back(weight[o * in + i]);
      }
      Row back(4 * in), back_wanted(4 * in);
      linear(layer.backward, found, scratch, back);
      linear(PackedLinear::pack({transposed, Row(in)}, Precision::f32), found, scratch, back_wanted);
      CHECK(same_bits(back, back_wanted));
    }
  });
}

TEST_CASE("gelu backward: the slope in both forms is that of finite differences") {
  const Row x = joined(numbers(40, 6, 1), {0, 30, -30}), d_y = numbers(43, 1, 2);
  at_every_level([&] {
    for (const GeluForm form : {GeluForm::erf, GeluForm::tanh}) {
      Row d = d_y;
      gelu_backward(form, x, d);
      check_gradient(x, d, [&](const Numbers& at) {
        Numbers y;
        for (const double value : at) {
          y.push_back(form == GeluForm::erf ? testing::gelu_of(value) : testing::tanh_gelu_of(value));
        }
        return weighted_sum(y, d_y);
      });
    }
  });
}

TEST_CASE("layer norm backward: rows, scale and shift are those of finite differences, and forward keeps its bits") {
  const std::size_t width = 21;
  const Row scale = numbers(width, 2, 1), shift = numbers(width, 1, 2);
  const Row x = numbers(3 * width, 3, 3), residual = numbers(3 * width, 1, 4), d_y = numbers(3 * width, 1, 5);
  const LayerNormWeights weights{scale, shift, 1e-3F};
  at_every_level([&] {
    Row traced = x, plain = x;
    LayerNormTrace trace;
    add_layer_norm(weights, residual, traced, trace);
    add_layer_norm(weights, residual, plain);
    CHECK(same_bits(traced, plain));
    Row d = d_y, d_scale(width), d_shift(width);
    add_layer_norm_backward(weights, trace, d, {d_scale, d_shift});
    const auto loss = [&](const Numbers& x_n, const Numbers& scale_n, const Numbers& shift_n) {
      Numbers v = x_n;
      for (std::size_t i = 0; i < v.size(); ++i) v[i] += static_cast<double>(residual[i]);
      return weighted_sum(testing::layer_norm_of(v, scale_n, shift_n, 1e-3), d_y);
    };
    check_gradient(x, d, [&](const Numbers& at) { return loss(at, widened(scale), widened(shift)); });
    check_gradient(scale, d_scale, [&](const Numbers& at) { return loss(widened(x), at, widened(shift)); });
    check_gradient(shift, d_shift, [&](const Numbers& at) { return loss(widened(x), widened(scale), at); });

    // Row by row, and frozen: the same rows, the same bits.
    Row one_by_one, d_scale_one(width), d_shift_one(width);
    for (std::size_t row = 0; row < 3; ++row) {
      const auto begin = static_cast<std::ptrdiff_t>(row * width);
      const auto end = static_cast<std::ptrdiff_t>((row + 1) * width);
      const LayerNormTrace own{{trace.normalised_tw.begin() + begin, trace.normalised_tw.begin() + end},
                               {trace.inverse_deviation_t[row]}};
      Row d_row(d_y.begin() + begin, d_y.begin() + end);
      Row frozen = d_row;
      add_layer_norm_backward(weights, own, d_row, {d_scale_one, d_shift_one});
      add_layer_norm_backward(weights, own, frozen, {});
      CHECK(same_bits(frozen, d_row));
      one_by_one = joined(one_by_one, d_row);
    }
    CHECK(same_bits(one_by_one, d));
    CHECK(same_bits(d_scale_one, d_scale));
    CHECK(same_bits(d_shift_one, d_shift));
  });
}

TEST_CASE("attention backward: queries, keys and values are those of finite differences, for fewer and more queries") {
  struct Shape {
    std::size_t queries, tokens, heads, width;
  };
  at_every_level([] {
    for (const Shape& shape : {Shape{5, 5, 2, 8}, Shape{1, 6, 1, 5}, Shape{9, 4, 3, 60}, Shape{3, 1, 2, 4}}) {
      CAPTURE(shape.queries);
      const Attention job = made_up_attention(shape.queries, shape.tokens, shape.heads, shape.width);
      const Attention::Result found = job.run();
      const auto loss = [&](const Numbers& q, const Numbers& kv) {
        return weighted_sum(testing::attention_of(q, kv, shape.heads, shape.width), job.d_out);
      };
      check_gradient(job.q, found.d_q, [&](const Numbers& at) { return loss(at, widened(job.kv)); });
      check_gradient(job.kv, found.d_kv, [&](const Numbers& at) { return loss(widened(job.q), at); });
    }
  });
}

TEST_CASE("attention backward: many queries over many tokens agree with the definition, over every border of blocks") {
  at_every_level([] {
    const std::size_t width = 32;
    const Attention job = made_up_attention(101, 67, 2, width);
    const Attention::Result found = job.run();
    const Numbers q = widened(job.q), kv = widened(job.kv);
    const auto slope = [&](bool of_q, std::size_t at) {
      Numbers above_q = q, below_q = q, above_kv = kv, below_kv = kv;
      (of_q ? above_q : above_kv)[at] += 1e-4;
      (of_q ? below_q : below_kv)[at] -= 1e-4;
      return (weighted_sum(testing::attention_of(above_q, above_kv, 2, width), job.d_out) -
              weighted_sum(testing::attention_of(below_q, below_kv, 2, width), job.d_out)) /
             2e-4;
    };
    for (const std::size_t at : {0U, 777U, 48U * 32U, 96U * 32U + 31U, 100U * 32U + 31U}) {
      CHECK(std::abs(static_cast<double>(found.d_q[at]) - slope(true, at)) < 1e-4);
    }
    for (const std::size_t at : {0U, 777U, 66U * 64U + 31U, 66U * 64U + 63U}) {
      CHECK(std::abs(static_cast<double>(found.d_kv[at]) - slope(false, at)) < 1e-4);
    }
  });
}

TEST_CASE("attention: a query's output and gradient do not depend on the other queries, which may outnumber the keys") {
  at_every_level([] {
    const std::size_t width = 24;
    const Attention all = made_up_attention(70, 9, 2, width);
    const Attention::Result together = all.run();
    for (const std::size_t query : {0U, 5U, 47U, 48U, 69U}) {
      const auto part = [&](const Row& row) {
        return Row(row.begin() + static_cast<std::ptrdiff_t>(query * width),
                   row.begin() + static_cast<std::ptrdiff_t>((query + 1) * width));
      };
      const Attention::Result alone = Attention{part(all.q), all.kv, part(all.d_out), 2, width}.run();
      CHECK(same_bits(alone.out, part(together.out)));
      CHECK(same_bits(alone.d_q, part(together.d_q)));
    }
  });
}

TEST_CASE("pooling backward: mean, weighted mean, first row and unit length are those of finite differences") {
  const std::size_t width = 5;
  const Row x = numbers(width * 4, 1, 1), d_out = numbers(width, 1, 2);
  for (const bool weighted : {false, true}) {
    Row d_x(x.size());
    mean_pool_backward(d_out, weighted, d_x);
    check_gradient(x, d_x,
                   [&](const Numbers& at) { return weighted_sum(testing::mean_of(at, width, weighted), d_out); });
  }
  Row d_x(x.size(), 1.0F);
  first_row_backward(d_out, d_x);
  for (std::size_t i = 0; i < d_x.size(); ++i) CHECK(d_x[i] == (i < width ? 1.0F + d_out[i] : 1.0F));

  const Row vector = numbers(width, 3, 3);
  Row d = d_out;
  to_unit_length_backward(vector, d);
  check_gradient(vector, d, [&](const Numbers& at) { return weighted_sum(testing::unit_of(at), d_out); });
  to_unit_length_backward(Row(width), d);
  CHECK(d == Row(width));
}

TEST_CASE("embedding backward: each row of the table collects the gradients of every token that reads it") {
  const std::vector<std::uint32_t> ids = {2, 0, 2};
  Row d_table = {0, 0, 7, 7, 1, 1};
  embedding_backward(ids, Row{1, 2, 3, 4, 10, 20}, d_table);
  CHECK(d_table == Row{3, 4, 7, 7, 12, 23});
}

TEST_CASE("dropout: the mask follows from seed and counter alone, at every level and however it is cut into calls") {
  const std::size_t n = 1000;
  std::vector<Row> masks;
  at_every_level([&] {
    Row whole(n, 3.0F);
    dropout({0.25, 7, 100}, whole);
    masks.push_back(whole);
    Row pieces(n, 3.0F);
    for (std::size_t first = 0; first < n; first += 37) {
      dropout({0.25, 7, 100 + first}, std::span(pieces).subspan(first, std::min<std::size_t>(37, n - first)));
    }
    CHECK(same_bits(pieces, whole));
  });
  for (const Row& mask : masks) CHECK(same_bits(mask, masks[0]));
  // Written down once: the same numbers stay on every machine and in every version.
  Row first(16, 3.0F);
  dropout({0.25, 7, 100}, first);
  std::string kept;
  for (const float value : first) kept += value > 0 ? '1' : '0';
  CHECK(kept == "1000110111111111");
  for (const float value : masks[0]) CHECK((value == 0 || value == 4));
  Row other(n, 3.0F);
  dropout({0.25, 8, 100}, other);
  CHECK(!same_bits(other, masks[0]));
}

TEST_CASE("dropout: the share that is dropped is the one asked for, places are unrelated, and 0 drops nothing") {
  const std::size_t n = 200000;
  Row x(n, 1.0F);
  dropout({0.1, 1, 0}, x);
  const auto dropped = static_cast<double>(std::count(x.begin(), x.end(), 0.0F));
  CHECK(std::abs(dropped / static_cast<double>(n) - 0.1) < 0.003);  // four standard deviations are 0.0027
  for (const std::size_t apart : {1U, 8U, 384U}) {
    double both = 0;
    for (std::size_t i = 0; i + apart < n; ++i) both += x[i] == 0 && x[i + apart] == 0 ? 1 : 0;
    CHECK(std::abs(both / static_cast<double>(n - apart) - 0.01) < 0.001);
  }
  // Over the border of 2^32, where the mask changes its key.
  Row border(64, 1.0F);
  dropout({0.5, 1, (std::uint64_t{1} << 32U) - 32}, border);
  Row behind(32, 1.0F);
  dropout({0.5, 1, std::uint64_t{1} << 32U}, behind);
  CHECK(same_bits(Row(border.begin() + 32, border.end()), behind));
  Row same = numbers(50, 1, 3);
  dropout({0, 1, 0}, same);
  CHECK(same_bits(same, numbers(50, 1, 3)));
}

}  // namespace attune::nn
