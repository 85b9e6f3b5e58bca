// The normalizers that a tokenizer file may name. Each does what the one of that name does in the reference tokenizers.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"

#include "tokenizer/parted_text.hpp"
#include "tokenizer/pattern.hpp"

namespace attune {

class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(TextPart& part) const = 0;
};

using NormalizerPointer = std::unique_ptr<Normalizer>;

struct BertNormalizerOptions {
  bool clean_text = true;             // control characters out, any white space to " "
  bool handle_chinese_chars = true;   // a space on both sides of every Han character
  std::optional<bool> strip_accents;  // none: as `lowercase`
  bool lowercase = true;
};
NormalizerPointer make_bert_normalizer(const BertNormalizerOptions& options);

enum class UnicodeForm { nfc, nfd, nfkc, nfkd };
NormalizerPointer make_unicode_form(UnicodeForm form);
void apply_unicode_form(UnicodeForm form, TextPart& part);

// The charsmap of a SentencePiece model. Fails with bad_input when its trie or texts do not fit together.
Result<NormalizerPointer> make_charsmap(std::string_view bytes);

struct StripSides {
  bool left = true;
  bool right = true;
};
NormalizerPointer make_strip(StripSides sides);
NormalizerPointer make_lowercase();
NormalizerPointer make_strip_accents();
NormalizerPointer make_nmt();
NormalizerPointer make_prepend(std::string_view text);
NormalizerPointer make_replace(std::unique_ptr<Pattern> pattern, std::string_view content);
NormalizerPointer make_byte_level_normalizer();
NormalizerPointer make_normalizer_sequence(std::vector<NormalizerPointer> steps);

// All matches of `pattern` replaced; what is put in stands for the bytes of the last character that it replaces.
void replace_matches(TextPart& part, const Pattern& pattern, std::span<const std::uint32_t> content);

}  // namespace attune
