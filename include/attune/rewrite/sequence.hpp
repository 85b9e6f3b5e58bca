// Sequence models (attune/model/sequence.hpp) on texts: a conversation or a sentence in, another text out, written word
// by word.
//
// Part of the room `rewrite`. Words are text::edit_units: a character of Han, a run of other letters. Thread-safe:
// calls keep no state.
//
// N rows of the source.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/model/sequence.hpp"
#include "attune/rewrite/edits.hpp"

namespace attune {

// Words and their numbers.
class SequenceVocabulary {
 public:
  // The three that every vocabulary begins with.
  static std::vector<std::string> first_words();
  explicit SequenceVocabulary(std::span<const std::string> words);
  // kUnknownWord if it has none.
  [[nodiscard]] std::uint32_t find(const std::string& word) const;

 private:
  std::unordered_map<std::string, std::uint32_t> ids_;
};

// One row of a source: a word of a turn, or a mark, which is no word.
struct SequenceRow {
  std::string text;      // empty: a mark
  std::size_t turn = 0;  // of the history; its size: the question
  ByteSpan span;
};

// A source as a model reads it, without the ids of its words.
struct SequenceReading {
  std::vector<SequenceRow> rows;    // [N]
  std::vector<std::uint8_t> turns;  // [N] how many turns ago
  std::vector<float> states;        // [N, S] of an encoder, or empty
};
// `encoder` with the shape's lower layers, or nullptr for a model that reads words alone. Fails as read_conversation()
// and Encoder::states, with too_large over kMostSequenceRows.
Result<SequenceReading> read_sequence(const Conversation& conversation, const SequenceShape& shape,
                                      const Encoder* encoder);

// Ids of the rows' words and, where a model copies, what each row would be copied as; `extra` gets the words that the
// target's vocabulary lacks, in the order of their numbers from V on. Takes the reading's turns and states.
SequenceSource number_words(SequenceReading& reading, const SequenceVocabulary& source,
                            const SequenceVocabulary& target, const SequenceShape& shape,
                            std::vector<std::string>& extra);
// A target's words; unknown ones as kUnknownWord.
std::vector<std::uint32_t> number_target(std::string_view text, const SequenceVocabulary& target,
                                         const SequenceShape& shape, std::span<const std::string> extra);

// Words put together, with spaces where they are written.
std::string join_words(std::span<const std::string> words);

struct WrittenText {
  std::string text;
  std::vector<SequenceRow> source;  // [N]
  std::vector<std::string> words;   // that were written
  SequenceTrace trace;              // of these words and the end
  double log_probability = 0;
};

class SequenceWriter {
 public:
  virtual ~SequenceWriter() = default;
  // `embedder`: folder of the encoder below the model, if it has one. Fails as load_sequence_model and Encoder::open,
  // with conflict if the file belongs to another encoder.
  static Result<std::unique_ptr<SequenceWriter>> open(const std::filesystem::path& file,
                                                      const std::filesystem::path& embedder, int threads = 0);
  // The likeliest text. Fails as read_sequence().
  [[nodiscard]] virtual Result<std::string> write(const Conversation& conversation,
                                                  const SequenceSearch& search = {}) const = 0;
  // The same with what the model saw; of `target` if it is not empty, instead of what the model would write.
  [[nodiscard]] virtual Result<WrittenText> trace(const Conversation& conversation, std::string_view target = {},
                                                  const SequenceSearch& search = {}) const = 0;
  // The same with the numbers that training started from.
  [[nodiscard]] virtual Result<WrittenText> trace_untrained(const Conversation& conversation,
                                                            std::string_view target) const = 0;
  [[nodiscard]] virtual const SequenceModel& model() const = 0;
};

}  // namespace attune
