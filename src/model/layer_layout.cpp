// Which numbers a layer of our own models has.
#include "attune/model/layer.hpp"

namespace attune {

void WeightLayout::add(const std::string& name, std::size_t rows, std::size_t columns) {
  slices.push_back({name, rows, columns, next_});
  next_ += slices.back().count();
}

void WeightLayout::linear(const std::string& name, std::size_t rows, std::size_t columns) {
  matrix(name + ".weight", rows, columns);
  vector(name + ".bias", rows);
}

void WeightLayout::layer(const std::string& prefix, const LayerShape& shape) {
  const std::size_t w = shape.width;
  const std::size_t f = shape.feed_forward;
  const auto norm = [&](const std::string& name) {
    vector(name + ".scale", w);
    vector(name + ".shift", w);
  };
  linear(prefix + "query", w, w);
  linear(prefix + "key_value", 2 * w, w);
  linear(prefix + "attention_output", w, w);
  norm(prefix + "attention_norm");
  linear(prefix + "feed_forward_in", f, w);
  linear(prefix + "feed_forward_out", w, f);
  norm(prefix + "output_norm");
}

std::size_t layer_numbers(const LayerShape& shape) {
  const std::size_t w = shape.width;
  const std::size_t f = shape.feed_forward;
  return 4 * w * w + 2 * w * f + 4 * w + f + w + 4 * w;
}

}  // namespace attune
