#include "train/rewriter_rows.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include "attune/core/file.hpp"
#include "attune/core/work_sharing.hpp"
#include "attune/eval/rewriting.hpp"
#include "attune/train/groups.hpp"

#include "train/edit_targets.hpp"
#include "train/follow_up.hpp"
#include "train/randomness.hpp"
#include "train/source_name.hpp"

namespace attune::train {
namespace {

constexpr std::size_t kShares = 10'000;

struct StatedRow {
  Conversation conversation;
  std::string rewrite;
};

std::filesystem::path from_data(const RewriterTraining& training, const std::string& path) {
  const std::filesystem::path given(path);
  return given.is_absolute() ? given : training.data / given;
}

Result<std::vector<StatedRow>> read_stated(const std::filesystem::path& file, bool complete) {
  std::vector<StatedRow> rows;
  const Status read = for_each_rewrite_row(file, [&](const RewriteRow& row) -> Status {
    rows.push_back({{row.history, complete ? row.rewrite : row.query}, row.rewrite});
    return {};
  });
  if (!read) return read.error();
  return rows;
}

// Each question once, behind the histories in turn.
Result<std::vector<StatedRow>> read_strangers(const std::filesystem::path& groups,
                                              const std::filesystem::path& behind) {
  const auto set = read_groups(groups);
  if (!set) return set.error();
  auto rows = read_stated(behind, false);
  if (!rows) return rows.error();
  std::vector<StatedRow> strangers;
  for (std::size_t i = 0; i < set->groups.size() && !rows->empty(); ++i) {
    const std::string& query = set->groups[i].query;
    strangers.push_back({{(*rows)[i % rows->size()].conversation.history, query}, query});
  }
  return strangers;
}

// What people made of their questions, each behind the history of a row far away.
Result<std::vector<StatedRow>> read_shuffled(const std::filesystem::path& file) {
  auto rows = read_stated(file, true);
  if (!rows) return rows.error();
  std::vector<StatedRow> shuffled = *rows;
  for (std::size_t i = 0; i < shuffled.size(); ++i) {
    shuffled[i].conversation.history = (*rows)[(i + rows->size() / 2) % rows->size()].conversation.history;
  }
  return shuffled;
}

// Neighbouring questions, the second without what the first said; half the time with the passage that answers between.
Result<std::vector<StatedRow>> read_paragraphs(const std::filesystem::path& groups, std::uint64_t seed) {
  const auto set = read_groups(groups);
  if (!set) return set.error();
  std::vector<StatedRow> rows;
  for (std::size_t i = 1; i < set->groups.size(); ++i) {
    const auto& before = set->groups[i - 1];
    const auto& group = set->groups[i];
    const auto said = repeated_stretch(before.query, group.query);
    if (!said) continue;
    Randomness chance = Randomness(seed).child(stable_hash(group.query));
    StatedRow row{{{before.query}, leave_out(group.query, *said, chance)}, group.query};
    if (!before.passages.empty() && chance.below(2) == 0) {
      row.conversation.history.push_back(set->passages[before.passages.front().passage]);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<StatedRow>> rows_of(const RewriterTraining& training, const RewriterData& data) {
  const auto file = from_data(training, data.path);
  if (data.maker == "stranger") return read_strangers(file, from_data(training, data.behind));
  if (data.maker == "shuffled") return read_shuffled(file);
  if (data.maker == "paragraphs") return read_paragraphs(file, training.recipe.seed);
  return read_stated(file, data.maker == "complete");
}

bool is_held_out(const Conversation& conversation, const RewriterRecipe& recipe) {
  const std::vector<std::string>& history = conversation.history;
  std::string beginning = history.empty() ? conversation.question : history.front();
  if (history.size() > 1) beginning += "\n" + history[1];
  Randomness chance = Randomness(recipe.seed).child(stable_hash(beginning));
  return static_cast<double>(chance.below(kShares)) < recipe.held_out * static_cast<double>(kShares);
}

// A row read, or nothing where it cannot be.
struct ReadRow {
  EditReading reading;
  RoundedStates states;
  std::optional<EditTargets> targets;
};

Result<ReadRow> read_row(const StatedRow& row, const EditModel& model, const Encoder& encoder) {
  auto reading = read_conversation(row.conversation, encoder.tokenizer(), encoder.sequence_template(), model.shape);
  if (!reading) return reading.error();
  const std::size_t width = model.shape.layer.width;
  std::vector<float> states(reading->ids.size() * width);
  const Encoder::Sequence sequence{reading->ids, {}};
  const Status read = encoder.states(std::span(&sequence, 1), {.threads = 1}, model.shape.lower_layers, states);
  if (!read) return read.error();
  ReadRow out;
  round_states(width, reading->rows_of(states, width), out.states);
  out.targets = find_edit_targets(row.conversation, *reading, row.rewrite, model.glue);
  out.reading = std::move(*reading);
  return out;
}

}  // namespace

Result<std::vector<RewriterSource>> read_rewriter_rows(const RewriterTraining& training, const EditModel& model,
                                                       const Encoder& encoder, const TrainingProgressSink& progress,
                                                       const std::stop_token& stop) {
  std::vector<RewriterSource> sources;
  for (const RewriterData& data : training.recipe.data) {
    auto stated = rows_of(training, data);
    if (!stated) return stated.error();
    if (data.limit > 0 && stated->size() > data.limit) stated->resize(data.limit);
    RewriterSource& source = sources.emplace_back();
    source.name = source_name(data.path) + " " + data.maker;
    source.weight = data.weight;
    std::vector<Result<ReadRow>> read(stated->size(), ReadRow{});
    std::atomic<std::size_t> done{0};
    share_out<int>(stated->size(), thread_count(training.threads), stop, [&](std::size_t index, int&) {
      read[index] = read_row((*stated)[index], model, encoder);
      ++done;
    });
    if (stop.stop_requested()) return Error{ErrorKind::cancelled, "reading conversations was stopped"};
    if (progress) {
      progress({.phase = TrainingProgress::Phase::reading, .of = source.name, .done = done, .total = stated->size()});
    }
    for (std::size_t index = 0; index < read.size(); ++index) {
      StatedRow& row = (*stated)[index];
      if (!read[index] || row.rewrite.empty()) {
        ++source.left_out;
      } else if (is_held_out(row.conversation, training.recipe)) {
        if (source.held_out.size() == training.recipe.schedule.measured_rows) continue;
        source.held_out.push_back({std::move(row.conversation), std::move(read[index]->reading),
                                   std::move(read[index]->states), std::move(row.rewrite)});
      } else if (read[index]->targets) {
        source.rows.push_back(
            {std::move(read[index]->reading.rows), std::move(read[index]->states), std::move(*read[index]->targets)});
      } else {
        ++source.left_out;
      }
    }
  }
  return sources;
}

}  // namespace attune::train
