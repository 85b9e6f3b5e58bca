#include "train/reranker_task.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <optional>

#include "attune/core/dot_product.hpp"
#include "attune/core/work_sharing.hpp"

namespace attune::train {
namespace {

constexpr std::size_t kMeasuredDepth = 10;
constexpr std::size_t kMostCalibrated = 2000;  // held-out groups

double dcg(std::span<const int> grades) {
  double sum = 0;
  for (std::size_t rank = 0; rank < std::min(grades.size(), kMeasuredDepth); ++rank) {
    sum += grades[rank] / std::log2(static_cast<double>(rank) + 2);
  }
  return sum;
}

// nDCG@10 of a group; ties by place.
double ndcg(std::span<const float> scores, std::span<const PresentedPassage> passages) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return scores[i]; });
  std::vector<int> grades;
  for (const std::size_t i : order) grades.push_back(passages[i].grade);
  const double found = dcg(grades);
  std::ranges::sort(grades, std::greater{});
  const double best = dcg(grades);
  return best > 0 ? found / best : 0;
}

// A seed of its own for each group of each step.
std::uint64_t mix(std::uint64_t seed, std::uint64_t step, std::uint64_t place) {
  std::uint64_t x = seed * 0x9E3779B97F4A7C15ULL + step * 0xBF58476D1CE4E5B9ULL + place * 0x94D049BB133111EBULL;
  x ^= x >> 31U;
  x *= 0xD6E8FEB86659FD93ULL;
  return x ^ (x >> 32U);
}

}  // namespace

RerankerTask::RerankerTask(const Embedder& embedder, const JointModel& start, std::span<const RerankerSource> sources,
                           const RerankerTaskOptions& options)
    : embedder_(embedder), start_(start), sources_(sources), options_(options), passes_(options.lanes) {
  for (const RerankerSource& source : sources) sets_.push_back({&source.set, source.weight, source.labelled});
}

std::vector<WeightGroup> RerankerTask::weight_groups() const {
  std::vector<WeightGroup> groups;
  for (const WeightSlice& slice : joint_layout(start_.shape)) {
    const bool is_matrix = slice.columns > 0;
    double rate = options_.head_rate;
    if (slice.name.starts_with("layers.")) rate = 1;
    if (slice.name == "late.gate.weight") rate = options_.gate_rate;
    groups.push_back({slice.first, slice.count(), is_matrix, rate});
  }
  return groups;
}

void RerankerTask::use(std::span<const float> weights) {
  weights_.assign(weights.begin(), weights.end());
  packed_.pack(start_.shape, weights_, thread_count(options_.threads));
}

std::shared_ptr<const RerankerTask::Plan> RerankerTask::plan_of(std::uint64_t step) {
  const std::scoped_lock lock(plan_mutex_);
  if (plan_ && step >= plan_->first_step && step < plan_->first_step + plan_->steps.size()) return plan_;
  Plan plan;
  if (plan_ && step >= plan_->first_step) plan = {plan_->first_step + plan_->steps.size(), plan_->epoch + 1, {}};
  while (true) {
    plan.steps = plan_epoch(sets_, options_.epoch, plan.epoch);
    if (plan.steps.empty()) return nullptr;
    if (step < plan.first_step + plan.steps.size()) break;
    plan.first_step += plan.steps.size();
    ++plan.epoch;
  }
  plan_ = std::make_shared<const Plan>(std::move(plan));
  return plan_;
}

// All texts that the encoder has not read yet go through it together.
Result<std::vector<RerankerTask::Prepared>> RerankerTask::prepare(std::span<const GroupPlace> places,
                                                                  bool measuring) const {
  std::vector<Prepared> groups;
  std::vector<std::string_view> queries;
  std::vector<std::string_view> changed;
  groups.reserve(places.size());
  for (const GroupPlace& place : places) {
    const RerankerSource& source = sources_[place.set];
    PresentOptions present = {.size = options_.epoch.group_size,
                              .easy = options_.easy,
                              .augment = source.augment,
                              .seed = options_.epoch.seed};
    if (measuring) {
      present.size = options_.measured_passages;
      present.augment = {};
    }
    groups.push_back({present_group(source.set, place.group, present, place.visit), {}, {}, {}});
    queries.push_back(groups.back().group.query);
  }
  for (const Prepared& prepared : groups) {
    for (const PresentedPassage& passage : prepared.group.passages) {
      if (passage.changed) changed.push_back(passage.text);
    }
  }
  const StatesWanted wanted{start_.shape.lower_layers, options_.max_tokens};
  const auto query_states = embedder_.read(queries, EmbedRole::query, wanted);
  if (!query_states) return query_states.error();
  auto changed_states = embedder_.read(changed, EmbedRole::passage, wanted);
  if (!changed_states) return changed_states.error();
  const std::size_t width = start_.shape.width;
  // As they would come out of a store.
  RoundedStates rounded;
  round_states(width, changed_states->states, rounded);
  unround_states(rounded.values, rounded.scales, changed_states->states);
  std::size_t query_row = 0;
  std::size_t changed_row = 0;
  std::size_t changed_text = 0;
  for (std::size_t index = 0; index < groups.size(); ++index) {
    Prepared& prepared = groups[index];
    const PassageStates& states = sources_[places[index].set].states;
    const auto rows = [width](const std::vector<float>& all, std::size_t first, std::size_t count) {
      const auto from = all.begin() + static_cast<std::ptrdiff_t>(first * width);
      return std::vector<float>(from, from + static_cast<std::ptrdiff_t>(count * width));
    };
    prepared.query = rows(query_states->states, query_row, query_states->lengths[index]);
    query_row += query_states->lengths[index];
    const std::span<const float> vector = query_states->vectors.row(index);
    for (const PresentedPassage& passage : prepared.group.passages) {
      std::vector<float>& to = prepared.passages.emplace_back();
      if (passage.changed) {
        const std::size_t length = changed_states->lengths[changed_text];
        to = rows(changed_states->states, changed_row, length);
        prepared.cosines.push_back(dot_product(vector, changed_states->vectors.row(changed_text)));
        changed_row += length;
        ++changed_text;
      } else {
        states.read(passage.passage, to);
        prepared.cosines.push_back(dot_product(vector, states.vector(passage.passage)));
      }
    }
  }
  return groups;
}

double RerankerTask::run_group(const Prepared& prepared, const GroupPlace& place, const LayerDropout& dropout,
                               JointPass& pass, std::span<float> gradient, std::vector<float>& scores) const {
  const PresentedGroup& group = prepared.group;
  const RerankerSource& source = sources_[place.set];
  std::vector<PairStates> pairs;
  std::vector<float> grades;
  for (std::size_t i = 0; i < group.passages.size(); ++i) {
    pairs.push_back({prepared.query, prepared.passages[i], prepared.cosines[i]});
    grades.push_back(static_cast<float>(group.passages[i].grade));
  }
  scores.resize(pairs.size());
  pass.forward(start_.shape, packed_, weights_, pairs, dropout, scores);
  const std::vector<float> ensemble = ensemble_scores(options_.loss.teachers, source.set.teachers, group.scores);
  std::vector<float> d_scores(scores.size(), 0.0F);
  const double loss = reranker_loss(
      options_.loss, {.scores = scores, .grades = grades, .ensemble = ensemble, .labelled = source.labelled}, d_scores);
  if (!gradient.empty()) pass.backward(d_scores, gradient);
  return loss;
}

Result<LaneResult> RerankerTask::run_lane(std::uint64_t step, std::size_t lane, std::span<float> gradient) {
  const auto plan = plan_of(step);
  if (!plan) return Error{ErrorKind::bad_input, "there is no group to train on"};
  const std::vector<GroupPlace>& all = plan->steps[step - plan->first_step];
  std::vector<GroupPlace> places;
  for (std::size_t index = lane; index < all.size(); index += options_.lanes) places.push_back(all[index]);
  const auto groups = prepare(places, false);
  if (!groups) return groups.error();
  LaneResult result;
  std::vector<float> scores;
  for (std::size_t index = 0; index < places.size(); ++index) {
    const LayerDropout dropout{options_.dropout, mix(options_.epoch.seed, step, lane + index * options_.lanes)};
    result.loss += run_group((*groups)[index], places[index], dropout, passes_[lane], gradient, scores);
    result.examples += 1;
    result.pairs += scores.size();
  }
  return result;
}

Status RerankerTask::score_groups(std::span<const GroupPlace> places, const ScoredGroupSink& take) const {
  std::vector<std::optional<Error>> errors(places.size());
  share_out<JointPass>(places.size(), thread_count(options_.threads), {}, [&](std::size_t index, JointPass& pass) {
    const auto prepared = prepare(places.subspan(index, 1), true);
    if (!prepared) {
      errors[index] = prepared.error();
      return;
    }
    std::vector<float> scores;
    const double loss = run_group(prepared->front(), places[index], {}, pass, {}, scores);
    take(index, prepared->front().group, prepared->front().cosines, scores, loss);
  });
  const auto failed = std::ranges::find_if(errors, [](const auto& error) { return error.has_value(); });
  return failed == errors.end() ? Status() : Status(**failed);
}

std::string RerankerTask::measured_by() const {
  const bool judged = std::ranges::any_of(sources_, &RerankerSource::labelled);
  return judged && !options_.best_by_loss ? kHeldOutNdcg : kHeldOutLoss;
}

Result<Measurement> RerankerTask::measure() {
  const std::vector<GroupPlace> places = held_out_groups(sets_, options_.measured_groups);
  struct Outcome {
    double loss = 0, ndcg = 0, cosine_ndcg = 0;
  };
  std::vector<Outcome> outcomes(places.size());
  const auto take = [&](std::size_t index, const PresentedGroup& group, std::span<const float> cosines,
                        std::span<const float> scores, double loss) {
    outcomes[index] = {loss, ndcg(scores, group.passages), ndcg(cosines, group.passages)};
  };
  if (const Status scored = score_groups(places, take); !scored) return scored.error();
  struct Sums {
    double loss = 0, ndcg = 0, cosine_ndcg = 0, count = 0;
  };
  std::map<std::uint32_t, Sums> by_set;
  for (std::size_t index = 0; index < places.size(); ++index) {
    Sums& sums = by_set[places[index].set];
    sums.loss += outcomes[index].loss;
    sums.ndcg += outcomes[index].ndcg;
    sums.cosine_ndcg += outcomes[index].cosine_ndcg;
    sums.count += 1;
  }
  // Each source counts alike: a large one would hide what happens to the others.
  Measurement measurement;
  double loss = 0;
  double sets = 0;
  double cosine = 0;
  for (const auto& [set, sums] : by_set) {
    loss += sums.loss / sums.count / static_cast<double>(by_set.size());
    if (!sources_[set].labelled) continue;
    sets += 1;
    measurement.measure += sums.ndcg / sums.count;
    cosine += sums.cosine_ndcg / sums.count;
    measurement.numbers.emplace_back("nDCG@10 " + sources_[set].set.source, sums.ndcg / sums.count);
  }
  const double mean_ndcg = measurement.measure / std::max(1.0, sets);
  if (sets > 0) {
    measurement.numbers.emplace_back("nDCG@10 of the cosine", cosine / sets);
    measurement.numbers.emplace_back(kHeldOutNdcg, mean_ndcg);
  }
  measurement.measure = measured_by() == kHeldOutNdcg ? mean_ndcg : -loss;
  measurement.numbers.emplace_back(kHeldOutLoss, loss);
  return measurement;
}

Result<std::vector<JudgedScore>> RerankerTask::judge_held_out() {
  std::vector<GroupPlace> places = held_out_groups(sets_, kMostCalibrated);
  std::erase_if(places, [&](const GroupPlace& place) { return !sources_[place.set].labelled; });
  std::vector<std::vector<JudgedScore>> judged(places.size());
  const auto take = [&](std::size_t index, const PresentedGroup& group, std::span<const float>,
                        std::span<const float> scores, double) {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      judged[index].push_back({scores[i], group.passages[i].grade > 0, 1});
    }
  };
  if (const Status scored = score_groups(places, take); !scored) return scored.error();
  std::map<std::uint32_t, double> counts;
  for (std::size_t index = 0; index < places.size(); ++index) {
    counts[places[index].set] += static_cast<double>(judged[index].size());
  }
  std::vector<JudgedScore> all;
  for (std::size_t index = 0; index < places.size(); ++index) {
    for (JudgedScore& one : judged[index]) {
      one.weight = 1000 / counts[places[index].set];
      all.push_back(one);
    }
  }
  return all;
}

}  // namespace attune::train
