// All rows through all systems: what they wrote is counted, not kept.
#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <utility>

#include "attune/eval/rewriting.hpp"
#include "attune/text.hpp"

#include "eval/latencies.hpp"
#include "eval/paired_bootstrap.hpp"
#include "eval/rewrite_measures.hpp"

namespace attune {
namespace {

// What is known of one system while rows go by.
struct Tally {
  std::vector<RewriteCounts> rows;
  std::vector<double> milliseconds;
  std::size_t failed = 0;
  std::string first_failure;
};

// What was said in the conversation before this row's, for the question whether a stranger's words leak in.
class StrangerHistory {
 public:
  // The history to put in the place of row's; nullptr while there is none.
  const std::vector<std::string>* before(const RewriteRow& row) {
    const bool goes_on = std::ranges::find_first_of(current_, row.history) != current_.end();
    if (!goes_on && !current_.empty()) previous_ = std::move(current_);
    current_ = row.history;
    // It may also be an earlier conversation on the same matter.
    const bool known = std::ranges::find_first_of(previous_, row.history) != previous_.end();
    return previous_.empty() || known ? nullptr : &previous_;
  }

 private:
  std::vector<std::string> current_;
  std::vector<std::string> previous_;
};

Error cut_short() {
  return Error{ErrorKind::cancelled, "measuring was stopped"};
}

// What the system writes for a row whose human rewrite it does not see; empty where it fails.
Result<std::string> written_for(const NamedRewriteSystem& system, const RewriteRow& blind, Tally& tally) {
  const auto start = std::chrono::steady_clock::now();
  auto written = system.rewrite(blind);
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  if (written && written->size() > kMaxPredictionBytes) {
    written =
        Error{ErrorKind::too_large, "what it wrote is longer than " + std::to_string(kMaxPredictionBytes) + " bytes"};
  }
  tally.milliseconds.push_back(time.count());
  if (written || written.error().kind == ErrorKind::cancelled) return written;
  if (tally.failed++ == 0) tally.first_failure = "row '" + blind.id + "': " + written.error().text;
  return std::string();
}

// Whether the system leaves a complete question alone; a failure does not.
Result<bool> leaves_alone(const NamedRewriteSystem& system, const RewriteRow& complete) {
  const auto written = system.rewrite(complete);
  if (!written && written.error().kind == ErrorKind::cancelled) return written.error();
  return written && same_tokens(*written, complete.query, complete.language);
}

Status run_row(const NamedRewriteSystem& system, const RewriteRow& row, const std::vector<std::string>* stranger,
               bool probe, Tally& tally) {
  RewriteRow blind = row;
  blind.rewrite.clear();
  const auto written = written_for(system, blind, tally);
  if (!written) return written.error();
  RewriteCounts counts = count_rewrite(row, *written);
  if (probe && !system.predictions) {
    blind.query = row.rewrite;
    const auto own = leaves_alone(system, blind);
    if (!own) return own.error();
    counts.fed_back.count(*own);
    if (stranger != nullptr) {
      blind.history = *stranger;
      const auto other = leaves_alone(system, blind);
      if (!other) return other.error();
      counts.stranger.count(*other);
    }
  }
  tally.rows.push_back(counts);
  return {};
}

RewriteEvalResult summed_up(const NamedRewriteSystem& system, Tally& tally) {
  RewriteEvalResult result;
  result.system = system.name;
  result.failed = tally.failed;
  if (!system.predictions) result.latency_ms = summarise(std::move(tally.milliseconds));
  if (tally.failed > 0) {
    result.notes.push_back(std::to_string(tally.failed) + " of " + std::to_string(tally.rows.size()) +
                           " rows count as an empty rewrite; the first is " + tally.first_failure);
  }
  const std::size_t used = tally.rows.size() - tally.failed;
  if (system.predictions && *system.predictions > used) {
    result.notes.push_back(std::to_string(*system.predictions - used) + " predictions are for rows that are not here");
  }
  return result;
}

void put_intervals(std::span<RewriteEvalResult> results, const std::vector<SystemIntervals>& intervals) {
  const auto put = [](const std::map<std::string, Interval>& from, std::map<std::string, RewriteMeasure>& to) {
    for (const auto& [name, interval] : from) {
      if (const auto measure = to.find(name); measure != to.end()) measure->second.interval = interval;
    }
  };
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    put(intervals[i].metrics, results[i].metrics);
    put(intervals[i].differences, results[i].differences);
  }
}

// Measures of each system's rows, the differences to the first system's, and how far both may be trusted.
Status put_measures(std::span<const std::vector<RewriteCounts>> counts, const RewriteEvalOptions& options,
                    const std::stop_token& stop, std::span<RewriteEvalResult> results) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    RewriteCounts sum;
    for (const RewriteCounts& row : counts[i]) sum += row;
    for (const NamedRewriteMeasure& measure : rewrite_measures()) {
      if (const auto value = measure.of(sum)) results[i].metrics[std::string(measure.name)].value = *value;
    }
    if (i == 0) continue;
    for (const auto& [name, measure] : results[i].metrics) {
      const auto other = results[0].metrics.find(name);
      if (other == results[0].metrics.end()) continue;
      results[i].differences[name].value = measure.value - other->second.value;
    }
  }
  const auto intervals = paired_bootstrap(counts, {options.resamples, options.seed}, stop);
  if (!intervals) return intervals.error();
  put_intervals(results, *intervals);
  return {};
}

std::size_t length_of(const RewriteRow& row) {
  std::size_t length = text::edit_units(row.query).size();
  for (const std::string& turn : row.history) length += text::edit_units(turn).size();
  return length;
}

// The rows that are longer than `above` and no longer than `most`, apart.
RewriteLengthResult rows_between(std::size_t above, std::size_t most, std::span<const std::size_t> lengths,
                                 std::span<const std::vector<RewriteCounts>> counts,
                                 std::vector<std::vector<RewriteCounts>>& chosen) {
  RewriteLengthResult result;
  chosen.assign(counts.size(), {});
  for (std::size_t row = 0; row < lengths.size(); ++row) {
    if (lengths[row] <= above || lengths[row] > most) continue;
    result.low = result.rows == 0 ? lengths[row] : std::min(result.low, lengths[row]);
    result.high = std::max(result.high, lengths[row]);
    ++result.rows;
    for (std::size_t i = 0; i < counts.size(); ++i) chosen[i].push_back(counts[i][row]);
  }
  return result;
}

Status put_lengths(std::span<const std::size_t> lengths, std::span<const std::vector<RewriteCounts>> counts,
                   const RewriteEvalOptions& options, const std::stop_token& stop, RewriteEvaluation& evaluation) {
  std::vector<std::size_t> bounds = options.lengths;
  bounds.push_back(std::numeric_limits<std::size_t>::max());
  std::size_t above = 0;
  for (const std::size_t most : bounds) {
    std::vector<std::vector<RewriteCounts>> chosen;
    RewriteLengthResult result = rows_between(above, most, lengths, counts, chosen);
    above = most;
    if (result.rows == 0) continue;
    for (const RewriteEvalResult& system : evaluation.systems) result.systems.emplace_back().system = system.system;
    if (const Status put = put_measures(chosen, options, stop, result.systems); !put) return put;
    evaluation.lengths.push_back(std::move(result));
  }
  return {};
}

}  // namespace

Result<RewriteEvaluation> evaluate_rewriting(const std::filesystem::path& file,
                                             std::span<const NamedRewriteSystem> systems,
                                             const RewriteEvalOptions& options, const RewriteProgressSink& progress,
                                             std::stop_token stop) {
  if (systems.empty()) return Error{ErrorKind::bad_input, "there is no system to measure"};
  if (std::ranges::adjacent_find(options.lengths, std::greater_equal()) != options.lengths.end()) {
    return Error{ErrorKind::bad_input, "lengths must ascend"};
  }
  std::vector<std::size_t> lengths;  // of the rows, if they are asked for
  std::vector<Tally> tallies(systems.size());
  StrangerHistory strangers;
  RewriteEvaluation evaluation;
  const Status read = for_each_rewrite_row(file, [&](const RewriteRow& row) -> Status {
    if (stop.stop_requested()) return cut_short();
    const auto* const stranger = strangers.before(row);
    for (std::size_t i = 0; i < systems.size(); ++i) {
      const Status run = run_row(systems[i], row, stranger, options.probe, tallies[i]);
      if (!run) return run.error().while_doing(systems[i].name);
    }
    if (!options.lengths.empty()) lengths.push_back(length_of(row));
    ++evaluation.rows;
    if (progress) progress(evaluation.rows);
    return {};
  });
  if (!read) return read.error();
  if (evaluation.rows == 0) return Error{ErrorKind::bad_input, "the file has no rows"};
  std::vector<std::vector<RewriteCounts>> counts;
  for (std::size_t i = 0; i < systems.size(); ++i) {
    evaluation.systems.push_back(summed_up(systems[i], tallies[i]));
    counts.push_back(std::move(tallies[i].rows));
  }
  if (const Status put = put_measures(counts, options, stop, evaluation.systems); !put) return put.error();
  if (options.lengths.empty()) return evaluation;
  if (const Status put = put_lengths(lengths, counts, options, stop, evaluation); !put) return put.error();
  return evaluation;
}

}  // namespace attune
