// Tokenizer: which ids is this text, and which bytes of the text does each id stand for.
//
// Comes before every model. Thread-safe after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/byte_span.hpp"
#include "attune/core/result.hpp"

namespace attune {

struct Encoding {
  std::vector<std::int32_t> ids;  // [T]
  std::vector<ByteSpan> offsets;  // [T] in the original text; pieces of one character share its bytes
};

// What stands around the ids of one text, or of two, before a model reads them: "<s> A </s></s> B </s>".
struct SequenceTemplate {
  enum class Kind : std::uint8_t { special, first, second };
  struct Part {
    Kind kind = Kind::special;
    std::int32_t type = 0;  // token type of everything that this part puts down
    std::int32_t id = -1;   // of a special token
  };
  std::vector<Part> single = {{Kind::first, 0, -1}};
  std::vector<Part> pair = {{Kind::first, 0, -1}, {Kind::second, 1, -1}};

  // [CLS] A [SEP] and [CLS] A [SEP] B [SEP]; B and the last [SEP] have type 1.
  static SequenceTemplate bert(std::int32_t cls, std::int32_t sep);
  // <s> A </s> and <s> A </s></s> B </s>; every type is 0. XLM-R is like this too.
  static SequenceTemplate roberta(std::int32_t begin, std::int32_t end);
};

// Which text gives way when two are longer than the model reads. Texts lose their ends.
enum class Truncation {
  longest_first,  // the longer one, then both alike
  only_first,
  only_second
};

struct InputLimits {
  std::size_t max_tokens = 512;  // special ones included
  Truncation truncation = Truncation::longest_first;
};

// What a model reads. T tokens.
struct ModelInput {
  std::vector<std::int32_t> ids;       // [T]
  std::vector<std::int32_t> types;     // [T]
  std::vector<ByteSpan> offsets;       // [T] in the text that the token came from; empty for special tokens
  std::vector<std::int8_t> sequences;  // [T] 0: first text, 1: second text, -1: special token
  std::size_t left_out = 0;            // tokens of the texts that did not fit
};

// One text with its special tokens; what does not fit is cut off its end, whatever limits.truncation says. Fails with
// bad_input when max_tokens has no room for the special tokens.
Result<ModelInput> build_input(const SequenceTemplate& sequence, const Encoding& text, const InputLimits& limits);

// Two texts that were encoded before, so that a query is encoded once for all its passages. Fails with bad_input when
// max_tokens has no room for the special tokens, or when with only_first or only_second nothing would be left of the
// text that gives way.
Result<ModelInput> build_pair(const SequenceTemplate& sequence, const Encoding& first, const Encoding& second,
                              const InputLimits& limits);

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // The ids of `text` (below 4 GiB) alone, without special tokens. Never fails: what has no piece becomes the unknown
  // id.
  [[nodiscard]] virtual Encoding encode(std::string_view text) const = 0;

  // ids.size() of encode(text), without making it.
  [[nodiscard]] virtual std::size_t count(std::string_view text) const { return encode(text).ids.size(); }

  // The piece an id stands for, as UTF-8 ("▁the"). `id` must be in range.
  [[nodiscard]] virtual std::string_view piece(std::int32_t id) const = 0;

  // The greatest id + 1.
  [[nodiscard]] virtual std::int32_t vocabulary_size() const = 0;

  // What the tokenizer's file puts around a text and a pair; by default nothing.
  [[nodiscard]] virtual const SequenceTemplate& sequence_template() const;
};

struct TokenizerOptions {
  // A special token that is written in a text ("[SEP]") becomes its id, as in the reference tokenizers. False: it is
  // ordinary text.
  bool special_tokens_in_text = true;
};

// How text is prepared for a BERT vocabulary that comes without rules.
struct BertTextOptions {
  bool lowercase = true;
  std::optional<bool> strip_accents;  // none: as `lowercase`
  bool chinese_chars = true;          // every Han character is a word
  TokenizerOptions tokenizer;
};

// Reads tokenizer.json, or any file that ends like it, as Hugging Face writes it: WordPiece, Unigram, BPE and WordLevel
// models with their normalisers, pre-tokenizers, added tokens and templates. Any other name is a vocab.txt of BERT: one
// piece a line, with the options of the tokenizer_config.json beside it if there is one. A directory stands for the
// tokenizer.json in it, or else the vocab.txt. Ids and offsets are those of the PyPI package `tokenizers`; what it does
// at decoding, its padding and its truncation are not read.
// Fails with not_found, io, too_large, bad_input (naming the field, token or piece that is wrong) or unsupported
// (naming what this file asks for and is not there).
Result<std::unique_ptr<Tokenizer>> load_tokenizer(const std::filesystem::path& path,
                                                  const TokenizerOptions& options = {});

// The same for the bytes of a tokenizer.json.
Result<std::unique_ptr<Tokenizer>> parse_tokenizer_json(std::string_view bytes, const TokenizerOptions& options = {});

// The same for the bytes of a vocab.txt, which must name [UNK], [CLS] and [SEP].
Result<std::unique_ptr<Tokenizer>> parse_bert_vocabulary(std::string_view bytes, const BertTextOptions& options = {});

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
