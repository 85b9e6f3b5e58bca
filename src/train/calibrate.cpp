#include "train/calibrate.hpp"

#include <cmath>

#include "attune/eval.hpp"

namespace attune::train {
namespace {

constexpr int kMostSteps = 100;
constexpr double kEnough = 1e-10;

// log(1 + exp(x)) without overflow.
double softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

// Scores brought to mean 0 and deviation 1, so that Newton's steps are of a kind.
struct Standard {
  double mean = 0;
  double deviation = 1;
  explicit Standard(std::span<const JudgedScore> judged) {
    double weights = 0;
    for (const JudgedScore& one : judged) {
      weights += one.weight;
      mean += one.weight * static_cast<double>(one.score);
    }
    mean /= weights;
    double square = 0;
    for (const JudgedScore& one : judged) square += one.weight * std::pow(static_cast<double>(one.score) - mean, 2);
    if (square > 0) deviation = std::sqrt(square / weights);
  }
  [[nodiscard]] double of(const JudgedScore& one) const { return (static_cast<double>(one.score) - mean) / deviation; }
};

struct Targets {
  double relevant = 1;
  double other = 0;
};

double loss_at(double slope, double offset, std::span<const JudgedScore> judged, const Standard& standard,
               const Targets& targets) {
  double loss = 0;
  for (const JudgedScore& one : judged) {
    const double x = slope * standard.of(one) + offset;
    loss += one.weight * (softplus(x) - (one.relevant ? targets.relevant : targets.other) * x);
  }
  return loss;
}

}  // namespace

std::optional<Calibration> fit_calibration(std::span<const JudgedScore> judged) {
  double relevant = 0;
  double other = 0;
  for (const JudgedScore& one : judged) (one.relevant ? relevant : other) += 1;
  if (relevant == 0 || other == 0) return std::nullopt;
  const Targets targets{(relevant + 1) / (relevant + 2), 1 / (other + 2)};
  const Standard standard(judged);
  double slope = 0;
  double offset = std::log((relevant + 1) / (other + 1));
  double loss = loss_at(slope, offset, judged, standard, targets);
  for (int step = 0; step < kMostSteps; ++step) {
    double gs = 0, go = 0, hss = 1e-12, hso = 0, hoo = 1e-12;
    for (const JudgedScore& one : judged) {
      const double z = standard.of(one);
      const double p = 1 / (1 + std::exp(-(slope * z + offset)));
      const double error = one.weight * (p - (one.relevant ? targets.relevant : targets.other));
      const double bend = one.weight * p * (1 - p);
      gs += error * z;
      go += error;
      hss += bend * z * z;
      hso += bend * z;
      hoo += bend;
    }
    const double determinant = hss * hoo - hso * hso;
    if (!(determinant > 0)) break;
    const double ds = (hoo * gs - hso * go) / determinant;
    const double d_offset = (hss * go - hso * gs) / determinant;
    double share = 1;
    double next = loss_at(slope - ds, offset - d_offset, judged, standard, targets);
    while (next > loss && share > 1e-6) {
      share /= 2;
      next = loss_at(slope - share * ds, offset - share * d_offset, judged, standard, targets);
    }
    if (next > loss) break;
    slope -= share * ds;
    offset -= share * d_offset;
    const bool done = loss - next < kEnough * (1 + loss);
    loss = next;
    if (done) break;
  }
  if (!(slope > 0)) return std::nullopt;
  return Calibration{static_cast<float>(slope / standard.deviation),
                     static_cast<float>(offset - slope * standard.mean / standard.deviation)};
}

double calibration_error(const Calibration& calibration, std::span<const JudgedScore> judged) {
  std::vector<Promise> promises;
  for (const JudgedScore& one : judged) {
    promises.push_back({calibration.relevance(one.score), one.relevant, one.weight});
  }
  return expected_calibration_error(promises);
}

}  // namespace attune::train
