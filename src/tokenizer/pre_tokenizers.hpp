// The pre-tokenizers that a tokenizer file may name: where a normalised text is divided before the model sees it. Each
// does what the one of that name does in the reference tokenizers.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tokenizer/parted_text.hpp"
#include "tokenizer/pattern.hpp"

namespace attune {

class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  // Divides the open parts of `text`.
  virtual void apply(PartedText& text) const = 0;
};

using PreTokenizerPointer = std::unique_ptr<PreTokenizer>;

PreTokenizerPointer make_bert_pre_tokenizer();
PreTokenizerPointer make_whitespace_pre_tokenizer();
PreTokenizerPointer make_whitespace_split();
PreTokenizerPointer make_punctuation_pre_tokenizer(SplitBehaviour behaviour);
PreTokenizerPointer make_digits_pre_tokenizer(bool individual_digits);
PreTokenizerPointer make_delimiter_split(std::uint32_t delimiter);
PreTokenizerPointer make_pattern_split(std::unique_ptr<Pattern> pattern, SplitBehaviour behaviour, bool invert);

enum class PrependScheme { first, never, always };
struct MetaspaceOptions {
  std::uint32_t replacement = 0x2581;  // "▁"
  PrependScheme prepend_scheme = PrependScheme::always;
  bool split = true;
};
PreTokenizerPointer make_metaspace(const MetaspaceOptions& options);

struct ByteLevelOptions {
  bool add_prefix_space = true;
  bool use_regex = true;
};
// Fails only if GPT-2's expression does not compile.
Result<PreTokenizerPointer> make_byte_level_pre_tokenizer(const ByteLevelOptions& options);

PreTokenizerPointer make_pre_tokenizer_sequence(std::vector<PreTokenizerPointer> steps);

}  // namespace attune
