// The measures, as trec_eval computes them.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "attune/eval.hpp"

namespace attune {
namespace {

constexpr std::size_t kNoCutoff = std::numeric_limits<std::size_t>::max();

// The grades of one query: of its ranked documents in order (0 for one that nobody judged), and of all judged ones.
struct Judged {
  std::vector<int> ranked;
  std::vector<int> ideal;  // best first
  std::size_t relevant = 0;
};

using Measure = double (*)(const Judged&, std::size_t cutoff);

std::size_t bounded(const Judged& judged, std::size_t cutoff) {
  return std::min(cutoff, judged.ranked.size());
}

double discounted_gain(std::span<const int> grades, std::size_t cutoff) {
  double gain = 0;
  for (std::size_t i = 0; i < std::min(cutoff, grades.size()); ++i) {
    if (grades[i] > 0) gain += grades[i] / std::log2(static_cast<double>(i + 2));
  }
  return gain;
}

double ndcg(const Judged& judged, std::size_t cutoff) {
  const double best = discounted_gain(judged.ideal, cutoff);
  return best > 0 ? discounted_gain(judged.ranked, cutoff) / best : 0;
}

std::size_t relevant_found(const Judged& judged, std::size_t cutoff) {
  const auto end = judged.ranked.begin() + static_cast<std::ptrdiff_t>(bounded(judged, cutoff));
  return static_cast<std::size_t>(std::count_if(judged.ranked.begin(), end, [](int grade) { return grade > 0; }));
}

double recall(const Judged& judged, std::size_t cutoff) {
  if (judged.relevant == 0) return 0;
  return static_cast<double>(relevant_found(judged, cutoff)) / static_cast<double>(judged.relevant);
}

double precision(const Judged& judged, std::size_t cutoff) {
  const std::size_t out_of = cutoff == kNoCutoff ? judged.ranked.size() : cutoff;
  return out_of == 0 ? 0 : static_cast<double>(relevant_found(judged, cutoff)) / static_cast<double>(out_of);
}

double reciprocal_rank(const Judged& judged, std::size_t cutoff) {
  for (std::size_t i = 0; i < bounded(judged, cutoff); ++i) {
    if (judged.ranked[i] > 0) return 1.0 / static_cast<double>(i + 1);
  }
  return 0;
}

double average_precision(const Judged& judged, std::size_t cutoff) {
  if (judged.relevant == 0) return 0;
  double sum = 0;
  std::size_t found = 0;
  for (std::size_t i = 0; i < bounded(judged, cutoff); ++i) {
    if (judged.ranked[i] > 0) sum += static_cast<double>(++found) / static_cast<double>(i + 1);
  }
  return sum / static_cast<double>(judged.relevant);
}

struct NamedMeasure {
  Measure measure = nullptr;
  std::size_t cutoff = kNoCutoff;
};

Result<NamedMeasure> parse_measure(const std::string& name) {
  static const std::map<std::string, Measure, std::less<>> known = {
      {"nDCG", ndcg},           {"R", recall}, {"P", precision}, {"RR", reciprocal_rank}, {"MRR", reciprocal_rank},
      {"AP", average_precision}};
  const std::size_t at = name.find('@');
  NamedMeasure parsed;
  if (const auto found = known.find(name.substr(0, at)); found != known.end()) parsed.measure = found->second;
  const bool needs_cutoff = parsed.measure == recall || parsed.measure == precision;
  if (at != std::string::npos) {
    const char* end = name.data() + name.size();
    const auto [stopped, failure] = std::from_chars(name.data() + at + 1, end, parsed.cutoff);
    if (failure != std::errc() || stopped != end || parsed.cutoff == 0) parsed.measure = nullptr;
  } else if (needs_cutoff) {
    parsed.measure = nullptr;
  }
  if (parsed.measure != nullptr) return parsed;
  return Error{ErrorKind::bad_input,
               "'" + name + "' is no measure; there are nDCG@k, R@k, P@k, RR@k (MRR@k), AP, as in nDCG@10"};
}

Judged judge(const std::map<std::string, int>& grades, const std::vector<RankedDocument>& documents) {
  std::vector<const RankedDocument*> order;
  for (const RankedDocument& document : documents) order.push_back(&document);
  std::ranges::sort(order, [](const RankedDocument* left, const RankedDocument* right) {
    const auto left_score = static_cast<float>(left->score);
    const auto right_score = static_cast<float>(right->score);
    return left_score != right_score ? left_score > right_score : left->id > right->id;
  });
  Judged judged;
  for (const RankedDocument* document : order) {
    const auto grade = grades.find(document->id);
    judged.ranked.push_back(grade == grades.end() ? 0 : grade->second);
  }
  for (const auto& [id, grade] : grades) {
    judged.ideal.push_back(grade);
    if (grade > 0) ++judged.relevant;
  }
  std::ranges::sort(judged.ideal, std::greater<>());
  return judged;
}

}  // namespace

Result<std::map<std::string, double>> evaluate(const Qrels& qrels, const Run& run,
                                               std::span<const std::string> metrics) {
  std::vector<std::pair<std::string, NamedMeasure>> wanted;
  for (const std::string& name : metrics) {
    const auto parsed = parse_measure(name);
    if (!parsed) return parsed.error();
    wanted.emplace_back(name, *parsed);
  }
  std::map<std::string, double> means;
  for (const auto& [name, measure] : wanted) means[name] = 0;
  static const std::vector<RankedDocument> nothing;
  for (const auto& [query, grades] : qrels) {
    const auto ranked = run.find(query);
    const Judged judged = judge(grades, ranked == run.end() ? nothing : ranked->second);
    for (const auto& [name, measure] : wanted) means[name] += measure.measure(judged, measure.cutoff);
  }
  for (auto& entry : means) entry.second /= static_cast<double>(std::max<std::size_t>(qrels.size(), 1));
  return means;
}

double expected_calibration_error(std::span<const Promise> promises) {
  struct Bin {
    double promised = 0, relevant = 0;
  };
  std::array<Bin, 10> bins{};
  double weights = 0;
  for (const Promise& promise : promises) {
    const auto place = static_cast<std::size_t>(promise.probability * static_cast<float>(bins.size()));
    Bin& bin = bins[std::min(bins.size() - 1, place)];
    bin.promised += promise.weight * static_cast<double>(promise.probability);
    bin.relevant += promise.relevant ? promise.weight : 0;
    weights += promise.weight;
  }
  double error = 0;
  for (const Bin& bin : bins) error += std::abs(bin.promised - bin.relevant);
  return weights > 0 ? error / weights : 0;
}

}  // namespace attune
