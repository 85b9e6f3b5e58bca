// What a rewriter's sources state: conversations, and what a person made of their questions.
#pragma once

#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/rewrite/edits.hpp"
#include "attune/train/rewriter.hpp"

namespace attune::train {

struct StatedRow {
  Conversation conversation;
  std::string rewrite;
};

// Whether a source's rows are sentences and their translations.
bool is_translation(const RewriterData& data);

// The rows of one source, in the order of its file, as many as its limit says. Fails as the file's reader does.
Result<std::vector<StatedRow>> read_stated_rows(const RewriterTraining& training, const RewriterData& data);

// Rows that begin alike are held out together.
bool is_held_out(const Conversation& conversation, const RewriterRecipe& recipe);

}  // namespace attune::train
