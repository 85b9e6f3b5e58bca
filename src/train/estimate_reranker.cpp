// What a training would cost, before it starts.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>

#include "attune/core/work_sharing.hpp"

#include "train/prepare_reranker.hpp"

namespace attune::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kSampledPassages = 96;
constexpr std::size_t kQueryTokens = 16;  // of a usual question, its prefix and special tokens included

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Tokens of all passages, as they would be read.
std::size_t count_tokens(const std::vector<GroupSet>& sets, const Embedder& embedder, std::size_t most,
                         const RerankerTraining& training, const std::stop_token& stop) {
  std::atomic<std::size_t> tokens{0};
  for (const GroupSet& set : sets) {
    share_out<int>(set.passages.size(), thread_count(training.threads), stop, [&](std::size_t index, int&) {
      // Beside the text: the prefix' piece or two, begin and end.
      const std::size_t pieces = embedder.tokenizer().encode(set.passages[index]).ids.size() + 4;
      tokens += std::min(pieces, most);
    });
  }
  return tokens;
}

// Seconds for a token of some passages, spread over the sets, through all layers with states on the way.
Result<double> time_reading(const std::vector<GroupSet>& sets, const Embedder& embedder, const StatesWanted& wanted,
                            const std::stop_token& stop) {
  std::vector<std::string_view> sample;
  for (const GroupSet& set : sets) {
    const std::size_t share = std::max<std::size_t>(kSampledPassages / sets.size(), 1);
    const std::size_t stride = std::max<std::size_t>(set.passages.size() / share, 1);
    for (std::size_t i = 0; i < set.passages.size(); i += stride) sample.emplace_back(set.passages[i]);
  }
  const auto started = Clock::now();
  const auto read = embedder.read(sample, EmbedRole::passage, wanted, stop);
  if (!read) return read.error();
  return seconds_since(started) / static_cast<double>(std::max<std::size_t>(read->vectors.tokens, 1));
}

struct PairTime {
  double forward = 0;
  double backward = 0;
};

// Seconds for one pair on one thread, forward and back, with made-up states of the usual length.
PairTime time_pairs(const JointModel& model, std::size_t passage_tokens, std::size_t group_size) {
  const std::size_t width = model.shape.width;
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> states((kQueryTokens + passage_tokens) * width);
  for (float& number : states) number = normal(random);
  const std::span<const float> all = states;
  const std::vector<PairStates> pairs(group_size,
                                      {all.first(kQueryTokens * width), all.subspan(kQueryTokens * width), 0.5F});
  TrainableJoint packed;
  packed.pack(model.shape, model.weights);
  std::vector<float> scores(group_size);
  std::vector<float> gradient(model.weights.size(), 0.0F);
  const std::vector<float> slopes(group_size, 0.1F);
  JointPass pass;
  PairTime best{1e9, 1e9};
  for (int round = 0; round < 3; ++round) {
    auto started = Clock::now();
    pass.forward(model.shape, packed, model.weights, pairs, {}, scores);
    best.forward = std::min(best.forward, seconds_since(started) / static_cast<double>(group_size));
    started = Clock::now();
    pass.backward(slopes, gradient);
    best.backward = std::min(best.backward, seconds_since(started) / static_cast<double>(group_size));
  }
  return best;
}

// Bytes that one lane keeps of a group on the way forward: each layer's rows of JointPass::Trace.
double pass_bytes(const JointShape& shape, double pairs, double tokens) {
  const auto width = static_cast<double>(shape.width);
  const double rows = (kQueryTokens + tokens) * pairs;
  const double through = shape.one_sided ? kQueryTokens * pairs : rows;
  const double attention = static_cast<double>(shape.heads) * through * (kQueryTokens + tokens);
  return 4 * static_cast<double>(shape.upper_layers) *
         (3 * rows * width + through * (5 * width + 2 * static_cast<double>(shape.feed_forward)) + attention);
}

}  // namespace

Result<TrainingEstimate> estimate_reranker(const RerankerTraining& training, const std::stop_token& stop) {
  const Recipe& recipe = training.recipe;
  const auto start = start_of(training);
  if (!start) return start.error();
  const auto embedder = open_embedder(encoder_of(training), {.threads = training.threads});
  if (!embedder) return embedder.error();
  const auto sets = make_groups(recipe, {training.data, training.cache, {}});
  if (!sets) return sets.error();

  TrainingEstimate estimate;
  for (const GroupSet& set : *sets) {
    estimate.groups += set.groups.size();
    estimate.passages += set.passages.size();
  }
  if (estimate.passages == 0) return Error{ErrorKind::bad_input, "there is nothing to train on"};
  estimate.tokens = count_tokens(*sets, **embedder, recipe.model.max_tokens, training, stop);
  const auto token_seconds =
      time_reading(*sets, **embedder, {recipe.model.lower_layers, recipe.model.max_tokens}, stop);
  if (!token_seconds) return token_seconds.error();
  const auto tokens = static_cast<double>(estimate.tokens);
  const auto judges = [](const RecipeTeacher& teacher) { return !teacher.model.empty(); };
  const bool have_judged = !recipe.loss.scores.empty();
  const auto teachers = have_judged ? 0.0 : static_cast<double>(std::ranges::count_if(recipe.loss.teachers, judges));
  // Once for mining, once for states, once for each teacher that has not judged before.
  estimate.preparation_seconds = tokens * *token_seconds * (2 + teachers);

  const double passage_tokens = tokens / static_cast<double>(estimate.passages);
  const PairTime pair = time_pairs(*start, static_cast<std::size_t>(passage_tokens) + 1, recipe.group_size);
  estimate.steps = recipe.schedule.steps;
  estimate.pairs = recipe.schedule.steps * recipe.schedule.groups_per_step * recipe.group_size;
  const double measurements = static_cast<double>(recipe.schedule.steps / recipe.schedule.measure_every + 1);
  const double measured =
      measurements * static_cast<double>(recipe.schedule.measured_groups * recipe.schedule.measured_passages);
  const auto threads = static_cast<double>(std::min(thread_count(training.threads), recipe.schedule.lanes));
  estimate.training_seconds =
      (static_cast<double>(estimate.pairs) * (pair.forward + pair.backward) + measured * pair.forward) / threads;

  const auto weights = static_cast<double>(start->weights.size());
  const auto lanes = static_cast<double>(recipe.schedule.lanes);
  const double states = tokens * static_cast<double>(start->shape.width + 4);
  // Weights, both packed layouts, AdamW's two, the average, the best, and a gradient for each lane.
  const double numbers = weights * (7 + lanes);
  estimate.memory_bytes = static_cast<std::uint64_t>(
      4 * numbers + states + lanes * pass_bytes(start->shape, static_cast<double>(recipe.group_size), passage_tokens));
  estimate.disk_bytes = static_cast<std::uint64_t>(states + 4 * weights * 5);
  return estimate;
}

}  // namespace attune::train
