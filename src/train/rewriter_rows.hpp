// Rows that a rewriter learns from: conversations as edit layers read them, and what is right for each.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/model.hpp"
#include "attune/model/joint.hpp"
#include "attune/rewrite/edits.hpp"
#include "attune/train/rewriter.hpp"

#include "train/edit_pass.hpp"

namespace attune::train {

struct RewriterRow {
  std::vector<EditRow> rows;
  RoundedStates states;  // of the lower layers, a row's pieces averaged
  EditTargets targets;
};

// Held out: what is needed to write the rewrite and to judge it.
struct JudgedRow {
  Conversation conversation;
  EditReading reading;
  RoundedStates states;
  std::string rewrite;
};

struct RewriterSource {
  std::string name;
  double weight = 1;
  std::vector<RewriterRow> rows;
  std::vector<JudgedRow> held_out;
  std::size_t left_out = 0;
};

// One for each source of the recipe. Rows of one conversation (those that begin alike) are held out together. Fails as
// the files' readers do.
Result<std::vector<RewriterSource>> read_rewriter_rows(const RewriterTraining& training, const EditModel& model,
                                                       const Encoder& encoder, const TrainingProgressSink& progress,
                                                       const std::stop_token& stop);

}  // namespace attune::train
