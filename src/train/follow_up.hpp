// Follow-up questions out of questions that stand alone: what the one before said is left out, or a pronoun says it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "attune/core/byte_span.hpp"

#include "train/randomness.hpp"

namespace attune::train {

// The longest stretch of `question` that `before` says too, in whole units of text: at least three characters of Han,
// or two words. Nothing where there is none, or little else would be left of the question.
std::optional<ByteSpan> repeated_stretch(std::string_view before, std::string_view question);

// The question without that stretch, half the time with a pronoun in its place.
std::string leave_out(std::string_view question, const ByteSpan& stretch, Randomness& chance);

}  // namespace attune::train
