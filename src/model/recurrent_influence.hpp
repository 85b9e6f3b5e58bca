// How much a recurrent layer's states hang on what was read before: the seed of forgetting, measured.
#pragma once

#include <span>
#include <vector>

#include "attune/nn/recurrent.hpp"

namespace attune {

// Row t, column j ≤ t of [T, T]: ‖∂h_t / ∂x_j‖, the Frobenius norm; 0 above. Computed exactly, step by step:
// ∂h_t / ∂x_j = ∂h_t / ∂h_{t-1} · ∂h_{t-1} / ∂x_j. One sequence x [T, I] of one layer in one direction from zeros, with
// the trace of its forward pass. GRU or tanh.
std::vector<float> recurrent_influence(const nn::RecurrentWeights& weights, std::span<const float> x_ti,
                                       const nn::RecurrentTrace& trace);

}  // namespace attune
