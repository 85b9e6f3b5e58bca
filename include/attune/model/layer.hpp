// Layers of our own models: which numbers one has, in which order, and views of them.
//
// Part of the room `model`. Joint layers (attune/model/joint.hpp) and edit layers (attune/model/edit.hpp) are such
// layers above an encoder's, with heads of their own; files, packing and training walk over the same layout.
//
// W width, F width inside the feed-forward part.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "attune/nn.hpp"

namespace attune {

struct LayerShape {
  std::size_t width = 0;
  std::size_t heads = 0;
  std::size_t feed_forward = 0;
  float epsilon = 1e-12F;
  nn::GeluForm gelu = nn::GeluForm::erf;
  friend bool operator==(const LayerShape&, const LayerShape&) = default;
};

// One tensor's place among a model's numbers.
struct WeightSlice {
  std::string name;  // "layers.0.query.weight"
  std::size_t rows = 0;
  std::size_t columns = 0;  // 0: a vector of `rows` numbers
  std::size_t first = 0;    // place of its first number

  [[nodiscard]] std::size_t count() const { return rows * (columns == 0 ? 1 : columns); }
};

// Slices one after another, without gaps.
class WeightLayout {
 public:
  void vector(const std::string& name, std::size_t rows) { add(name, rows, 0); }
  void matrix(const std::string& name, std::size_t rows, std::size_t columns) { add(name, rows, columns); }
  // <name>.weight [rows, columns], <name>.bias [rows]
  void linear(const std::string& name, std::size_t rows, std::size_t columns);
  // <prefix>query .weight [W, W] .bias [W], <prefix>key_value .weight [2 W, W] .bias [2 W], <prefix>attention_output
  // (as query), <prefix>attention_norm .scale [W] .shift [W], <prefix>feed_forward_in .weight [F, W] .bias [F],
  // <prefix>feed_forward_out .weight [W, F] .bias [W], <prefix>output_norm .scale [W] .shift [W]
  void layer(const std::string& prefix, const LayerShape& shape);

  std::vector<WeightSlice> slices;

 private:
  void add(const std::string& name, std::size_t rows, std::size_t columns);
  std::size_t next_ = 0;
};

// Views of one layer's numbers; they are a model's weights, or gradients laid out alike.
template <typename T>
struct LayerSpans {
  struct Linear {
    std::span<T> weight, bias;
  };
  struct Norm {
    std::span<T> scale, shift;
  };
  Linear query, key_value, attention_output;
  Norm attention_norm;
  Linear feed_forward_in, feed_forward_out;
  Norm output_norm;
};

// Numbers of one layer.
std::size_t layer_numbers(const LayerShape& shape);

// Numbers taken one after another, in a layout's order.
template <typename T>
class WeightTaker {
 public:
  explicit WeightTaker(std::span<T> numbers) : rest_(numbers) {}
  std::span<T> operator()(std::size_t count) {
    const std::span<T> taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  typename LayerSpans<T>::Linear linear(std::size_t rows, std::size_t columns) {
    const std::span<T> weight = (*this)(rows * columns);
    return {weight, (*this)(rows)};
  }
  LayerSpans<T> layer(const LayerShape& shape) {
    const std::size_t w = shape.width;
    const std::size_t f = shape.feed_forward;
    const auto norm = [&] {
      const std::span<T> scale = (*this)(w);
      return typename LayerSpans<T>::Norm{scale, (*this)(w)};
    };
    // Members are initialised in their order, which is the layout's.
    return {.query = linear(w, w),
            .key_value = linear(2 * w, w),
            .attention_output = linear(w, w),
            .attention_norm = norm(),
            .feed_forward_in = linear(f, w),
            .feed_forward_out = linear(w, f),
            .output_norm = norm()};
  }

 private:
  std::span<T> rest_;
};

}  // namespace attune
