// The measures of rewriting as counts that add up over rows, so that a corpus, or a resample of it, is one sum.
//
// Private to the eval room. Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "attune/eval/rewriting.hpp"

namespace attune {

struct Share {
  double part = 0;
  double whole = 0;

  Share& operator+=(const Share& other) {
    part += other.part;
    whole += other.whole;
    return *this;
  }
  void count(bool hit) {
    part += hit ? 1 : 0;
    whole += 1;
  }
};

struct RewriteCounts {
  Share exact;
  Share rouge_l;                // part: the rows' F1, added up
  std::array<Share, 4> ngrams;  // of 1 … 4 tokens: those of the rewrite that the human one has too
  double tokens = 0;            // of rewrites
  double reference_tokens = 0;  // of human rewrites
  Share restored;               // words that the person restored
  double introduced = 0;        // words of rewrites that are not in the query
  Share copied;                 // restored words that stand in the history
  Share unchanged;              // complete queries
  Share fed_back;               // complete questions with their own history
  Share stranger;               // … with a stranger's

  RewriteCounts& operator+=(const RewriteCounts& other);
};

// One row's counts for what a system wrote, without those of the probes.
RewriteCounts count_rewrite(const RewriteRow& row, std::string_view written);

// True if both have the same tokens.
bool same_tokens(std::string_view left, std::string_view right, std::string_view language);

struct NamedRewriteMeasure {
  std::string_view name;
  std::optional<double> (*of)(const RewriteCounts&);  // nullopt if there is nothing to measure
};
// In the order in which they are shown.
std::span<const NamedRewriteMeasure> rewrite_measures();

}  // namespace attune
