#include "train/sequence_task.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "attune/core/work_sharing.hpp"
#include "attune/text.hpp"

#include "train/randomness.hpp"
#include "train/source_name.hpp"

namespace attune::train {
namespace {

using Counts = std::map<std::string, std::size_t>;

// The most frequent words, as many as there may be; ties by the alphabet.
std::vector<std::string> vocabulary_of(const Counts& counts, std::size_t least, std::size_t most) {
  std::vector<std::pair<std::size_t, std::string>> ordered;
  for (const auto& [word, count] : counts) {
    if (count >= least) ordered.emplace_back(count, word);
  }
  std::ranges::stable_sort(ordered, [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> words = SequenceVocabulary::first_words();
  for (auto& [count, word] : ordered) {
    if (words.size() == most) break;
    words.push_back(std::move(word));
  }
  return words;
}

void count_words(std::string_view text, Counts& counts) {
  for (const ByteSpan& unit : text::edit_units(text)) ++counts[std::string(unit.of(text))];
}

// A row before its words have numbers.
struct Read {
  SequenceReading reading;
  RoundedStates states;
};

SequenceShape shape_of(const RewriterRecipe& recipe, const Encoder* encoder) {
  const RewriterSequence& asked = recipe.sequence;
  SequenceShape shape;
  shape.architecture = sequence_architecture(recipe.architecture).value_or(SequenceArchitecture::transformer);
  if (encoder != nullptr) {
    shape.state_width = encoder->description().width;
    shape.lower_layers = recipe.model.lower_layers;
  }
  const bool converses = !std::ranges::all_of(recipe.data, is_translation);
  if (converses) shape.turns = EditShape().turns;
  shape.encoder_layers = asked.encoder_layers;
  shape.decoder_layers = asked.decoder_layers;
  shape.layer = {.width = asked.width, .heads = asked.heads, .feed_forward = asked.feed_forward};
  shape.copies = asked.copies && shape.aligns();
  return shape;
}

SequenceTrainingRow numbered(Read& read, const StatedRow& row, const SequenceVocabulary& source,
                             const SequenceVocabulary& target, const SequenceShape& shape) {
  SequenceTrainingRow out;
  std::vector<std::string> extra;
  out.source = number_words(read.reading, source, target, shape, extra);
  out.states = std::move(read.states);
  out.targets = number_target(row.rewrite, target, shape, extra);
  return out;
}

// Rows and their states, unrounded for as long as a pass runs over them.
struct Examples {
  std::vector<std::vector<float>> states;
  std::vector<SequenceExample> examples;
  std::size_t words = 0;

  void add(const SequenceTrainingRow& row) {
    std::vector<float>& plain = states.emplace_back(row.states.values.size());
    if (!plain.empty()) unround_states(row.states.values, row.states.scales, plain);
    examples.push_back({&row.source, plain, row.targets});
    words += row.targets.size() + 1;
  }
};

}  // namespace

Result<SequenceStart> start_sequence(const RewriterTraining& training, const Encoder* encoder,
                                     const TrainingProgressSink& progress, const std::stop_token& stop) {
  const RewriterRecipe& recipe = training.recipe;
  SequenceStart start;
  SequenceShape& shape = start.model.shape;
  shape = shape_of(recipe, encoder);
  std::vector<std::vector<StatedRow>> stated;
  std::vector<std::vector<Result<Read>>> read;
  Counts source_counts;
  Counts target_counts;
  for (const RewriterData& data : recipe.data) {
    auto rows = read_stated_rows(training, data);
    if (!rows) return rows.error();
    SequenceTrainingSource& source = start.sources.emplace_back();
    source.name = source_name(data.path) + " " + data.maker;
    source.weight = data.weight;
    auto& readings = read.emplace_back(rows->size(), Read{});
    std::atomic<std::size_t> done{0};
    share_out<int>(rows->size(), thread_count(training.threads), stop, [&](std::size_t index, int&) {
      auto reading = read_sequence((*rows)[index].conversation, shape, encoder);
      if (!reading) {
        readings[index] = reading.error();
      } else {
        Read one;
        if (!reading->states.empty()) round_states(shape.state_width, reading->states, one.states);
        reading->states.clear();
        one.reading = std::move(*reading);
        readings[index] = std::move(one);
      }
      ++done;
    });
    if (stop.stop_requested()) return Error{ErrorKind::cancelled, "reading rows was stopped"};
    if (progress) {
      progress({.phase = TrainingProgress::Phase::reading, .of = source.name, .done = done, .total = rows->size()});
    }
    for (std::size_t i = 0; i < rows->size(); ++i) {
      if (!readings[i] || is_held_out((*rows)[i].conversation, recipe)) continue;
      for (const SequenceRow& row : readings[i]->reading.rows) {
        if (!row.text.empty()) ++source_counts[row.text];
      }
      count_words((*rows)[i].rewrite, target_counts);
    }
    stated.push_back(std::move(*rows));
  }
  const RewriterSequence& asked = recipe.sequence;
  start.model.source_words = vocabulary_of(source_counts, asked.least_count, asked.source_words);
  start.model.target_words = vocabulary_of(target_counts, asked.least_count, asked.target_words);
  shape.source_words = start.model.source_words.size();
  shape.target_words = start.model.target_words.size();
  const SequenceVocabulary source_words(start.model.source_words);
  const SequenceVocabulary target_words(start.model.target_words);
  for (std::size_t s = 0; s < start.sources.size(); ++s) {
    SequenceTrainingSource& source = start.sources[s];
    for (std::size_t i = 0; i < stated[s].size(); ++i) {
      StatedRow& row = stated[s][i];
      const bool held_out = is_held_out(row.conversation, recipe);
      if (!read[s][i] || text::edit_units(row.rewrite).empty()) {
        ++source.left_out;
        continue;
      }
      const bool judged = held_out && source.held_out.size() < recipe.schedule.measured_rows;
      if (!held_out || judged) {
        (held_out ? source.held_out : source.rows)
            .push_back(numbered(*read[s][i], row, source_words, target_words, shape));
      }
      if (held_out) source.stated_held_out.push_back(std::move(row));
    }
  }
  start.model.weights = first_sequence_weights(shape, recipe.seed);
  start.model.seed = recipe.seed;
  return start;
}

SequenceTask::SequenceTask(const SequenceStart& start, const RewriterRecipe& recipe, int threads)
    : start_(start), recipe_(recipe), threads_(threads), passes_(recipe.schedule.lanes) {
  std::vector<PlannedSource> planned;
  for (const SequenceTrainingSource& source : start.sources) {
    planned.push_back({source.weight, {}});
    for (const SequenceTrainingRow& row : source.rows) planned.back().sizes.push_back(row.size());
  }
  steps_ = plan_steps(planned, recipe);
}

std::vector<WeightGroup> SequenceTask::weight_groups() const {
  std::vector<WeightGroup> groups;
  for (const WeightSlice& slice : sequence_layout(start_.model.shape)) {
    groups.push_back({slice.first, slice.count(), slice.columns > 0, 1});
  }
  return groups;
}

void SequenceTask::use(std::span<const float> weights) {
  weights_.assign(weights.begin(), weights.end());
  packed_.pack(start_.model.shape, weights_, thread_count(threads_));
}

Result<LaneResult> SequenceTask::run_lane(std::uint64_t step, std::size_t lane, std::span<float> gradient) {
  const std::vector<PlannedRow>& places = steps_[step - 1];
  Examples examples;
  LaneResult result;
  for (std::size_t i = lane; i < places.size(); i += passes_.size()) {
    const SequenceTrainingRow& row = start_.sources[places[i].source].rows[places[i].row];
    examples.add(row);
    result.pairs += row.size();
  }
  result.examples = examples.words;
  Randomness chance = Randomness(recipe_.seed).child(step).child(lane);
  result.loss = passes_[lane].run({start_.model.shape,
                                   packed_,
                                   weights_,
                                   examples.examples,
                                   {recipe_.optimiser.dropout, chance.next()},
                                   recipe_.sequence.smoothing},
                                  gradient);
  return result;
}

Result<Measurement> SequenceTask::measure() {
  Measurement measurement;
  double all_loss = 0;
  std::size_t all_words = 0;
  for (const SequenceTrainingSource& source : start_.sources) {
    if (source.held_out.empty()) continue;
    std::vector<double> losses(source.held_out.size());
    std::vector<std::size_t> words(source.held_out.size());
    share_out<SequencePass>(losses.size(), thread_count(threads_), {}, [&](std::size_t index, SequencePass& pass) {
      Examples one;
      one.add(source.held_out[index]);
      losses[index] = pass.run({start_.model.shape, packed_, weights_, one.examples, {}, 0}, {});
      words[index] = one.words;
    });
    double loss = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      loss += losses[i];
      count += words[i];
    }
    measurement.numbers.emplace_back(source.name, loss / static_cast<double>(count));
    all_loss += loss;
    all_words += count;
  }
  if (all_words > 0) measurement.measure = -all_loss / static_cast<double>(all_words);
  measurement.numbers.emplace_back("-log p", -measurement.measure);
  return measurement;
}

}  // namespace attune::train
