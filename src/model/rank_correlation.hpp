#pragma once

#include <vector>

namespace attune {

// Spearman's rank correlation, from -1 to 1; ties share their mean rank. 0 if one side is constant. Sizes must be
// equal.
double rank_correlation(const std::vector<double>& left, const std::vector<double>& right);

}  // namespace attune
