// Losses: how wrong are these scores, and which way is better?
//
// Part of the room `nn` (attune/nn.hpp). Every function returns weight · loss and ADDS weight · d(loss) / d(score) to
// d_scores; an empty d_scores asks for the loss alone. Sums are made in double. Scores must be finite; so is every
// answer, however far they lie apart. Thread-safe: all state is in the arguments.
#pragma once

#include <cstddef>
#include <span>

namespace attune::nn {

// N scores that belong together: the logits of one decision, or the passages of one query.
struct ScoredGroup {
  std::span<const float> scores;   // [N]
  std::span<const float> targets;  // [N] what each loss says: probabilities, grades or a teacher's scores
  std::span<float> d_scores;       // [N] or empty
  double weight = 1;
};

// -Σ t_i · log softmax(s / temperature)_i, targets t_i ≥ 0. With targets that sum to 1 this is cross-entropy with soft
// targets, the listwise softmax loss of a group (ListNet), and the divergence (KL) from a teacher up to a constant, the
// entropy of its targets. Multiply `weight` with temperature² where the gradient's size should not depend on it.
double softmax_cross_entropy(const ScoredGroup& group, double temperature = 1);

// Cross-entropy of the one right answer among N, with `smoothing` of the target shared out among all N: targets are
// (1 - smoothing) for the right one plus smoothing / N for each. `targets` is not read.
double index_cross_entropy(const ScoredGroup& group, std::size_t right, double smoothing = 0);

// Targets for softmax_cross_entropy(): a teacher's scores as probabilities softmax(teacher / temperature), and grades
// as shares of their sum (all alike if none is above 0). `out` may be the input. One number at least.
void soften(std::span<const float> teacher, double temperature, std::span<float> out);
void grades_to_shares(std::span<const float> grades, std::span<float> out);
// -Σ t log t: what softmax_cross_entropy() comes to when a student equals its teacher.
double entropy(std::span<const float> targets);

// How pairs of passages are weighted in lambda_loss(). Gains are (2^grade - 1) / best DCG, discounts log2(1 + rank).
// X. Wang, C. Li, N. Golbandi, M. Bendersky, M. Najork: The LambdaLoss Framework for Ranking Metric Optimization, CIKM
// 2018. LambdaRank: C. Burges: From RankNet to LambdaRank to LambdaMART, MSR-TR-2010-82.
enum class LambdaWeights {
  lambda_rank,      // what swapping the two would change in nDCG: |1 / D_i - 1 / D_j|
  ndcg_loss2,       // the tighter bound: |1 / D_|i-j| - 1 / D_|i-j|+1|
  ndcg_loss2_plus,  // lambda_rank + mu · ndcg_loss2, "NDCG-Loss2++"
};
struct LambdaOptions {
  LambdaWeights weights = LambdaWeights::ndcg_loss2_plus;
  double mu = 10;    // the paper's
  double sigma = 1;  // steepness
};
// Σ over pairs with grade_i > grade_j of w_ij · |gain_i - gain_j| · log2(1 + exp(-sigma · (s_i - s_j))). Targets are
// grades from 0 to 30. Ranks are those of today's scores, ties by place, and count as constants. 0 if no pair differs
// in grade.
double lambda_loss(const ScoredGroup& group, const LambdaOptions& options = {});

// Means over all pairs with target_i > target_j; 0 if there is none.
// max(0, margin - (s_i - s_j))
double pairwise_margin(const ScoredGroup& group, double margin = 1);
// log(1 + exp(-sigma · (s_i - s_j))): RankNet.
double pairwise_logistic(const ScoredGroup& group, double sigma = 1);

// The mean of (s_i - t_i)².
double mean_squared_error(const ScoredGroup& group);
// The mean over all i but `positive` of ((s_positive - s_i) - (t_positive - t_i))²: only distances are copied from the
// teacher. S. Hofstätter et al.: Improving Efficient Neural Ranking Models with Cross-Architecture Knowledge
// Distillation, 2020. 0 for a group of one.
double margin_mean_squared_error(const ScoredGroup& group, std::size_t positive);

}  // namespace attune::nn
