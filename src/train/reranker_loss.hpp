// What a reranker is to learn from one group: labels, teachers, or both.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "attune/train/groups.hpp"

namespace attune::train {

enum class LossKind {
  listwise,    // softmax over the group; targets are the grades' shares
  lambda,      // LambdaLoss on grades
  margin,      // pairwise hinge on grades
  logistic,    // pairwise logistic (RankNet) on grades
  distil,      // softmax over the group; targets are the softened ensemble of teachers
  mse,         // scores like the ensemble's, both without their mean: only differences within a group mean anything
  margin_mse,  // distances to the best passage like the ensemble's
};

struct LossTerm {
  LossKind kind = LossKind::listwise;
  double weight = 1;
  double temperature = 1;  // listwise and distil: scores and the ensemble's are divided by it
};

// A teacher's scores are divided by its scale, so that teachers' differences count alike.
struct Teacher {
  std::string name;
  double weight = 1;
  double scale = 1;
};

struct RerankerLoss {
  std::vector<LossTerm> terms;
  std::vector<Teacher> teachers;
};

// One group's scores and what they should be.
struct JudgedScores {
  std::span<const float> scores;    // [N]
  std::span<const float> grades;    // [N]
  std::span<const float> ensemble;  // [N], NaN: not scored; or empty: no teacher knows the group
  bool labelled = true;             // false: grades say nothing
};

// Returns the loss and adds its gradient to d_scores [N]. Terms that a group gives no ground for count 0. What is held
// against teachers looks only at the passages that they scored.
double reranker_loss(const RerankerLoss& loss, const JudgedScores& group, std::span<float> d_scores);

// The teachers' verdicts on a group [N], the weighted mean of score / scale: `scores` [N, names]. A teacher that is not
// among the names has no say. Empty if none is; NaN where one of them left out a passage.
std::vector<float> ensemble_scores(std::span<const Teacher> teachers, std::span<const std::string> names,
                                   std::span<const float> scores);

}  // namespace attune::train
