#include "eval/paired_bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace attune {
namespace {

constexpr double kConfidence = 0.95;

using Samples = std::map<std::string, std::vector<double>>;

std::map<std::string, Interval> intervals(Samples& samples) {
  std::map<std::string, Interval> made;
  for (auto& [name, values] : samples) {
    std::ranges::sort(values);
    // As many left out below as above.
    const double tail = (1 - kConfidence) / 2 * static_cast<double>(values.size());
    const auto skipped = std::min(static_cast<std::size_t>(tail), (values.size() - 1) / 2);
    made[name] = {values[skipped], values[values.size() - 1 - skipped]};
  }
  return made;
}

}  // namespace

Result<std::vector<SystemIntervals>> paired_bootstrap(std::span<const std::vector<RewriteCounts>> systems,
                                                      const BootstrapOptions& options, const std::stop_token& stop) {
  std::vector<SystemIntervals> made(systems.size());
  const std::size_t rows = systems.empty() ? 0 : systems.front().size();
  if (rows == 0) return made;
  std::vector<Samples> metrics(systems.size());
  std::vector<Samples> differences(systems.size());
  std::vector<std::size_t> drawn(rows);
  std::mt19937_64 random(options.seed);
  for (std::size_t resample = 0; resample < options.resamples; ++resample) {
    if (stop.stop_requested()) return Error{ErrorKind::cancelled, "measuring was stopped"};
    // Rows are far fewer than 2⁶⁴, so that the remainder favours none that could be seen; the standard's distributions
    // differ between libraries.
    for (std::size_t& row : drawn) row = random() % rows;
    std::vector<std::optional<double>> first;
    for (std::size_t system = 0; system < systems.size(); ++system) {
      RewriteCounts sum;
      for (const std::size_t row : drawn) sum += systems[system][row];
      std::size_t number = 0;
      for (const NamedRewriteMeasure& measure : rewrite_measures()) {
        const auto value = measure.of(sum);
        if (system == 0) first.push_back(value);
        const auto& other = first[number++];
        if (!value) continue;
        metrics[system][std::string(measure.name)].push_back(*value);
        if (system > 0 && other) differences[system][std::string(measure.name)].push_back(*value - *other);
      }
    }
  }
  for (std::size_t system = 0; system < systems.size(); ++system) {
    made[system] = {intervals(metrics[system]), intervals(differences[system])};
  }
  return made;
}

}  // namespace attune
