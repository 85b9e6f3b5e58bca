// Tokenizer: which ids is this text, and which bytes of the text does each id stand for.
//
// Comes before every model. Thread-safe after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/byte_span.hpp"
#include "attune/core/result.hpp"

namespace attune {

struct Encoding {
  std::vector<std::int32_t> ids;  // [T]
  std::vector<ByteSpan> offsets;  // [T] in the original text; empty span for special tokens
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // The ids of `text` alone, without special tokens. Never fails: what has no piece becomes the unknown id.
  [[nodiscard]] virtual Encoding encode(std::string_view text) const = 0;

  // ids.size() of encode(text), without making it.
  [[nodiscard]] virtual std::size_t count(std::string_view text) const { return encode(text).ids.size(); }

  // The piece an id stands for, as UTF-8 ("▁the"). `id` must be in range.
  [[nodiscard]] virtual std::string_view piece(std::int32_t id) const = 0;

  [[nodiscard]] virtual std::int32_t vocabulary_size() const = 0;
};

// A Unigram vocabulary as plain data, as XLM-R and its family use it. A piece's place in the list is its full id. Only
// some pieces need to be known to a model: `row` says which row of its embedding table belongs to a piece.
struct UnigramVocabulary {
  std::string piece_bytes;                // all pieces one after the other, UTF-8; "▁" stands for a space
  std::vector<std::uint8_t> piece_sizes;  // [pieces] bytes of each
  std::vector<float> scores;              // [pieces] logarithm of its probability
  std::vector<std::int32_t> rows;         // [pieces] the id that encode() gives, ascending; -1: respelled with others
  std::vector<std::int32_t> control_ids;  // full ids that text never becomes ("<s>", "</s>", …)
  std::int32_t unknown_id = 0;            // full id; must have a row

  // The normalisation map: one code point becomes several, or none.
  std::vector<std::uint32_t> map_from;   // ascending
  std::vector<std::uint8_t> map_counts;  // [map_from.size()]
  std::vector<std::uint32_t> map_to;     // all replacements one after the other
};

// The best Unigram segmentation. Text is mapped, runs of spaces become one "▁" before each word, and the most probable
// pieces are found among the whole vocabulary; a piece without a row is then spelled again with pieces that have one,
// so that leaving rows out never changes where the other pieces of a text end. Neighbouring characters without any
// piece become one unknown id. White space at the ends of a text has no piece. Malformed UTF-8 reads as U+FFFD.
// Time is linear in the text; nothing recurses.
class UnigramTokenizer : public Tokenizer {
 public:
  // Fails with bad_input, naming what does not fit: sizes, repeated or empty pieces, "▁" inside a piece, a score that
  // is not finite, rows that do not ascend from 0, a map that is not sorted.
  static Result<std::unique_ptr<UnigramTokenizer>> create(UnigramVocabulary vocabulary);

  // Like encode(), but in full ids and before any respelling.
  [[nodiscard]] virtual Encoding segment(std::string_view text) const = 0;

  // The piece of a full id. `full_id` must be in range.
  [[nodiscard]] virtual std::string_view full_piece(std::int32_t full_id) const = 0;
  // The row of a full id, -1 if it has none. `full_id` must be in range.
  [[nodiscard]] virtual std::int32_t row_of(std::int32_t full_id) const = 0;
  [[nodiscard]] virtual std::int32_t full_vocabulary_size() const = 0;
};

}  // namespace attune
