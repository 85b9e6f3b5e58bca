// How a sequence model (attune/rewrite/sequence.hpp) made its words: the alignment between source and target, and what
// a recurrent encoder keeps of what it read.
//
// Part of the room `explain` (attune/explain.hpp). Words are numbered from 1, as people count. N rows of the source, M
// words of the target with its end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/explain.hpp"
#include "attune/rewrite/sequence.hpp"

namespace attune {

struct SequenceRequest {
  Conversation conversation;
  std::string target;      // explain how these words would be written; "": the likeliest ones
  bool untrained = false;  // also with the numbers that training started from
};

struct SequenceExplanation {
  std::string model;  // its name
  SequenceShape shape;
  std::string source;                // the question
  std::vector<std::string> columns;  // [N] words of the source; a mark between turns is "|"
  std::vector<std::string> rows;     // [M] words of the target, and "</s>"
  WrittenText written;
  std::optional<WrittenText> untrained;  // the same words before training
};
// Fails as SequenceWriter::trace, and with too_large over kMaxExplainedTokens words.
Result<SequenceExplanation> explain_sequence(const SequenceWriter& writer, const SequenceRequest& request);

// a_ij with c_i = Σ_j a_ij h_j for each word, and each head of a transformer's attention to the source, before and
// after training. An rnn has one context for all words, and that is told.
std::string alignment_text(const SequenceExplanation& explanation, HeatMapStyle style);
// Every number in full: a_ij, h_j, c_i, heads.
std::string alignment_json(const SequenceExplanation& explanation);
std::string alignment_svg(const SequenceExplanation& explanation);

// The forward encoder's state over time: how much of it is kept from word to word, and how much of each word is left in
// it. For recurrent models; fails with unsupported for a transformer, which has no such state.
Result<std::string> recurrence_text(const SequenceExplanation& explanation, HeatMapStyle style);
Result<std::string> recurrence_json(const SequenceExplanation& explanation);
Result<std::string> recurrence_svg(const SequenceExplanation& explanation);

}  // namespace attune
