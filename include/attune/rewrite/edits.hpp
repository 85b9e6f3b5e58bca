// Edits: a question rewritten by leaving units out and copying spans of the conversation in.
//
// Part of the room `rewrite`. A conversation becomes rows for edit layers (attune/model/edit.hpp), their scores become
// edits by beam search, and edits become text that knows where each of its bytes came from. Thread-safe: calls keep no
// state.
//
// R rows, T pieces, S slots, P units of the history, G short words, W width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "attune/core/byte_span.hpp"
#include "attune/core/result.hpp"
#include "attune/model/edit.hpp"
#include "attune/tokenizer.hpp"

namespace attune {

struct Conversation {
  std::vector<std::string> history;  // oldest first
  std::string question;
};

constexpr std::size_t kMostEditTurns = 6;        // of the history, the latest
constexpr std::size_t kMostTurnPieces = 48;      // of each of them, from its beginning
constexpr std::size_t kMostHistoryPieces = 160;  // of all of them; older turns give way
constexpr std::size_t kMostQuestionPieces = 96;  // a longer question is not rewritten

// A conversation as edit layers read it.
struct EditReading {
  struct Source {
    std::size_t turn = 0;  // of Conversation::history
    ByteSpan span;
  };
  std::vector<std::int32_t> ids;                            // [T] with special tokens
  std::vector<EditRow> rows;                                // [R]
  std::vector<std::pair<std::size_t, std::size_t>> pieces;  // [R] first piece, and one past the last
  std::vector<Source> sources;                              // [P]
  std::vector<ByteSpan> units;                              // [S - 1] of the question

  // The mean of each row's pieces' states [T, W]: [R, W].
  [[nodiscard]] std::vector<float> rows_of(std::span<const float> states, std::size_t width) const;
};
// Fails with bad_input if the question has no unit, with too_large if it is too long to be edited.
Result<EditReading> read_conversation(const Conversation& conversation, const Tokenizer& tokenizer,
                                      const SequenceTemplate& around, const EditShape& shape);

struct Edits {
  struct Insertion {
    std::size_t slot = 0;
    std::size_t first = 0;  // units of the history
    std::size_t last = 0;
    std::size_t before = 0;  // short words
    std::size_t after = 0;
  };
  std::vector<bool> remove;           // [S - 1]
  std::vector<Insertion> insertions;  // by slot, one at most for each
  double log_probability = 0;

  [[nodiscard]] bool empty() const;  // the question stays as it is
};
// The `beam` likeliest edits, best first. `beam` is at least 1.
std::vector<Edits> search_edits(const EditScores& scores, std::size_t beam = 4);
// log-probability that the question stays as it is.
double unchanged_log_probability(const EditScores& scores);

struct EditedText {
  // A place of the history with the pointer's attention to its first unit, 0 … 1.
  struct Place {
    std::size_t turn = 0;
    ByteSpan source;
    double weight = 0;
  };
  struct Copied {
    ByteSpan output;
    std::size_t turn = 0;
    ByteSpan source;
    double weight = 1;             // as Place::weight, once align() filled it
    std::vector<Place> also = {};  // other places that say the same, most attended to first
  };
  std::string text;
  std::vector<Copied> copied;  // out of the history
};
// `glue` [G]. Edits that change nothing give the question byte for byte.
EditedText apply_edits(const Conversation& conversation, const EditReading& reading, const Edits& edits,
                       std::span<const std::string> glue);

// Says of each copied span how much the pointer attended to it and to the other places of the history that say the
// same: all of them were looked at, one was written down.
void align(const Conversation& conversation, const EditReading& reading, const Edits& edits, const EditScores& scores,
           EditedText& edited);

}  // namespace attune
