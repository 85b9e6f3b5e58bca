// Which edits make a question into what a person wrote.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/rewrite/edits.hpp"

#include "train/edit_pass.hpp"

namespace attune::train {

// The question and the rewrite are aligned with as few stretches of change as possible (case does not count). What is
// new at a slot must be a span of the history, with one of the short words on either side; where it is not, the longest
// such span stands for it if it is half of it. Nothing where that fails, or a span is longer than kMostCopied.
std::optional<EditTargets> find_edit_targets(const Conversation& conversation, const EditReading& reading,
                                             std::string_view rewrite, std::span<const std::string> glue);

// A text's units (text::edit_units) in lower case.
std::vector<std::string> folded_units(std::string_view utf8);

// Whether two texts have the same units, whatever their case and spaces.
bool same_units(std::string_view one, std::string_view other);

}  // namespace attune::train
