// Beam search over the edits of one question: slot by slot, deletion by deletion.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>

#include "attune/rewrite/edits.hpp"

namespace attune {
namespace {

constexpr double kUnlikely = -7;  // log-probability of an insertion that is not looked at

double log_sigmoid(float logit) {
  const auto x = static_cast<double>(logit);
  return x > 0 ? -std::log1p(std::exp(-x)) : x - std::log1p(std::exp(x));
}

// The `count` highest, best first; ties by place.
std::vector<std::size_t> highest(std::span<const float> scores, std::size_t count) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  count = std::min(count, order.size());
  const auto better = [&](std::size_t a, std::size_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  };
  std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(count), better);
  order.resize(count);
  return order;
}

struct Option {
  std::optional<Edits::Insertion> insertion = {};
  bool removes = false;
  double log_probability = 0;
};

// Nothing, or what is likeliest to be missing at a slot.
std::vector<Option> insertions_at(const EditScores& scores, std::size_t slot, std::size_t beam) {
  std::vector<Option> options{{.log_probability = log_sigmoid(-scores.insert[slot])}};
  const double inserts = log_sigmoid(scores.insert[slot]);
  if (scores.sources == 0 || inserts < kUnlikely) return options;
  const std::size_t words = scores.before.size() / scores.slots;
  const auto before = std::span(scores.before).subspan(slot * words, words);
  const auto after = std::span(scores.after).subspan(slot * words, words);
  const std::size_t word_before = highest(before, 1).front();
  const std::size_t word_after = highest(after, 1).front();
  const double words_probability = static_cast<double>(before[word_before]) + static_cast<double>(after[word_after]);
  const auto starts = std::span(scores.start).subspan(slot * scores.sources, scores.sources);
  for (const std::size_t first : highest(starts, beam)) {
    const std::vector<float> ends = scores.ends(slot, first);
    for (const std::size_t length : highest(ends, beam)) {
      options.push_back({.insertion = Edits::Insertion{slot, first, first + length, word_before, word_after},
                         .log_probability = inserts + words_probability + static_cast<double>(starts[first]) +
                                            static_cast<double>(ends[length])});
    }
  }
  return options;
}

// Every edit so far with every option, the best `beam` of them.
void extend(std::vector<Edits>& found, std::span<const Option> options, bool is_removal, std::size_t beam) {
  std::vector<Edits> next;
  for (const Edits& edits : found) {
    for (const Option& option : options) {
      Edits& longer = next.emplace_back(edits);
      if (is_removal) longer.remove.push_back(option.removes);
      if (option.insertion) longer.insertions.push_back(*option.insertion);
      longer.log_probability += option.log_probability;
    }
  }
  std::ranges::stable_sort(next, std::greater{}, &Edits::log_probability);
  if (next.size() > beam) next.resize(beam);
  found = std::move(next);
}

}  // namespace

bool Edits::empty() const {
  return insertions.empty() && std::ranges::none_of(remove, std::identity{});
}

std::vector<Edits> search_edits(const EditScores& scores, std::size_t beam) {
  std::vector<Edits> found(1);
  for (std::size_t slot = 0; slot < scores.slots; ++slot) {
    extend(found, insertions_at(scores, slot, beam), false, beam);
    if (slot + 1 == scores.slots) break;
    const Option both[] = {{.log_probability = log_sigmoid(-scores.remove[slot])},
                           {.removes = true, .log_probability = log_sigmoid(scores.remove[slot])}};
    extend(found, both, true, beam);
  }
  return found;
}

double unchanged_log_probability(const EditScores& scores) {
  double sum = 0;
  for (const float logit : scores.insert) sum += log_sigmoid(-logit);
  for (const float logit : scores.remove) sum += log_sigmoid(-logit);
  return sum;
}

}  // namespace attune
