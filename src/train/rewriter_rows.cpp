#include "train/rewriter_rows.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include "attune/core/work_sharing.hpp"

#include "train/edit_targets.hpp"
#include "train/source_name.hpp"
#include "train/stated_rows.hpp"

namespace attune::train {
namespace {

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
    auto stated = read_stated_rows(training, data);
    if (!stated) return stated.error();
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
