// An encoder's layer as the start of one of our own.
#pragma once

#include "attune/model/layer.hpp"

#include "model/encoder_weights.hpp"

namespace attune {

// All numbers of `from` as FP32; the shapes must be the same.
void copy_layer(const LayerParameters& from, const LayerSpans<float>& to);

}  // namespace attune
