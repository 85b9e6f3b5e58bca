// Late interaction: each token of a query looks for the token of a passage that is most like it, and the best matches
// are averaged (MaxSim: Khattab and Zaharia, ColBERT, 2020). Query and passage were read each alone; here they meet.
//
// Part of the room `nn` (attune/nn.hpp), forward and backward, in FP32. How much each query token counts is attention
// over the query alone: g = softmax of a logit for each token.
//   score = Σ_i g_i · max_j cos(q_i, p_j)
// Plain loops over dot_product(): a pair's score depends on nothing but the pair. Gradients follow the rules at the
// head of attune/nn/training.hpp: d_… are added to. Thread-safe: all state is in the arguments.
//
// N query tokens, M passage tokens, W width. Row-major, no gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace attune::nn {

struct LateInteraction {
  std::span<const float> query;        // [N, W], N ≥ 1; a row of zeros matches nothing: 0
  std::span<const float> passage;      // [M, W], M ≥ 1
  std::span<const float> gate_logits;  // [N]
  std::size_t width = 0;               // W
};

// Rows x [tokens, W] less `centre` [W], to out [tokens, W]. An encoder's rows have a large part in common, which says
// nothing of any token and hides what does; without it cosines tell tokens apart (Mu and Viswanath, All-but-the-Top,
// 2018).
void centre_rows(std::span<const float> x, std::span<const float> centre, std::span<float> out);

// What a backward pass and an explanation need.
struct LateMatches {
  std::vector<float> shares;        // [N] g
  std::vector<float> cosines;       // [N] of the best match
  std::vector<std::uint32_t> best;  // [N] its place in the passage; of equals the first
};

// The score, −1 … 1.
float late_interaction(const LateInteraction& pair, LateMatches& matches);

// d_score times the score's gradient by the query's rows [N, W] (empty: nobody asks) and by the logits [N]. The passage
// is taken as given.
void late_interaction_backward(const LateInteraction& pair, const LateMatches& matches, float d_score,
                               std::span<float> d_query, std::span<float> d_logits);

}  // namespace attune::nn
