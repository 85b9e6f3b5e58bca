// An encoder's layer as the start of one of our own.
#include "model/copy_layer.hpp"

#include <algorithm>

namespace attune {
namespace {

void copy_linear(std::initializer_list<const LinearParameters*> parts, LayerSpans<float>::Linear to) {
  std::size_t row = 0;
  for (const LinearParameters* part : parts) {
    const std::size_t columns = part->weight.columns;
    read_rows(part->weight, 0, part->weight.rows, to.weight.subspan(row * columns, part->weight.rows * columns));
    std::ranges::copy(part->bias, to.bias.begin() + static_cast<std::ptrdiff_t>(row));
    row += part->weight.rows;
  }
}

void copy_norm(const NormParameters& from, LayerSpans<float>::Norm to) {
  std::ranges::copy(from.scale, to.scale.begin());
  std::ranges::copy(from.shift, to.shift.begin());
}

}  // namespace

void copy_layer(const LayerParameters& from, const LayerSpans<float>& to) {
  copy_linear({&from.query}, to.query);
  copy_linear({&from.key, &from.value}, to.key_value);
  copy_linear({&from.attention_output}, to.attention_output);
  copy_norm(from.attention_norm, to.attention_norm);
  copy_linear({&from.feed_forward_in}, to.feed_forward_in);
  copy_linear({&from.feed_forward_out}, to.feed_forward_out);
  copy_norm(from.output_norm, to.output_norm);
}

}  // namespace attune
