#include "tokenizer/normalizers.hpp"

#include <algorithm>
#include <utility>

#include "tokenizer/byte_level.hpp"
#include "tokenizer/unicode_classes.hpp"

namespace attune {
namespace {

// A normalizer made of a function.
template <typename Apply>
class FunctionNormalizer final : public Normalizer {
 public:
  explicit FunctionNormalizer(Apply function) : apply_(std::move(function)) {}
  void apply(TextPart& part) const override { apply_(part); }

 private:
  Apply apply_;
};

template <typename Apply>
NormalizerPointer normalizer_of(Apply function) {
  return std::make_unique<FunctionNormalizer<Apply>>(std::move(function));
}

template <typename IsUnwanted>
void remove_characters(TextPart& part, IsUnwanted is_unwanted) {
  std::erase_if(part.characters, [&](const AlignedCharacter& character) { return is_unwanted(character.value); });
}

// Not every Han character: the list of the original BERT, whose gap the vocabularies were made with.
bool is_chinese(std::uint32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

void clean(TextPart& part) {
  remove_characters(part, [](std::uint32_t c) {
    const bool is_plain_space = c == '\t' || c == '\n' || c == '\r';
    return !is_plain_space && (c == 0xFFFD || is_control(c));
  });
  for (AlignedCharacter& character : part.characters) {
    if (is_white_space(character.value)) character.value = ' ';
  }
}

void space_out_chinese(TextPart& part) {
  const auto is_one = [](const AlignedCharacter& character) { return is_chinese(character.value); };
  if (std::none_of(part.characters.begin(), part.characters.end(), is_one)) return;
  AlignedCharacters result;
  result.reserve(part.characters.size() * 3);
  for (const AlignedCharacter& character : part.characters) {
    if (!is_chinese(character.value)) {
      result.push_back(character);
      continue;
    }
    result.push_back({' ', character.start, character.end});
    result.push_back(character);
    result.push_back({' ', character.start, character.end});
  }
  part.characters = std::move(result);
}

void lower(TextPart& part) {
  AlignedCharacters result;
  result.reserve(part.characters.size());
  std::vector<std::uint32_t> lowered;
  for (const AlignedCharacter& character : part.characters) {
    lowered.clear();
    append_lower_case(character.value, lowered);
    for (const std::uint32_t value : lowered) result.push_back({value, character.start, character.end});
  }
  part.characters = std::move(result);
}

void strip(TextPart& part, StripSides sides) {
  AlignedCharacters& characters = part.characters;
  const auto is_text = [](const AlignedCharacter& character) { return !is_white_space(character.value); };
  if (sides.right) {
    const auto end = std::find_if(characters.rbegin(), characters.rend(), is_text).base();
    characters.erase(end, characters.end());
  }
  if (sides.left) characters.erase(characters.begin(), std::find_if(characters.begin(), characters.end(), is_text));
}

bool is_nmt_control(std::uint32_t c) {
  return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
}

bool is_nmt_space(std::uint32_t c) {
  return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
         c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

}  // namespace

void replace_matches(TextPart& part, const Pattern& pattern, std::span<const std::uint32_t> content) {
  const std::vector<Stretch> found = pattern.find(part.characters);
  if (std::none_of(found.begin(), found.end(), [](const Stretch& stretch) { return stretch.is_match; })) return;
  AlignedCharacters result;
  result.reserve(part.characters.size());
  for (const Stretch& stretch : found) {
    if (!stretch.is_match) {
      const auto from = part.characters.begin() + static_cast<std::ptrdiff_t>(stretch.begin);
      result.insert(result.end(), from, from + static_cast<std::ptrdiff_t>(stretch.end - stretch.begin));
      continue;
    }
    AlignedCharacter made{0, part.origin, part.origin};
    if (stretch.end > 0) made = part.characters[stretch.end - 1];
    for (const std::uint32_t value : content) {
      made.value = value;
      result.push_back(made);
    }
  }
  part.characters = std::move(result);
}

NormalizerPointer make_bert_normalizer(const BertNormalizerOptions& options) {
  return normalizer_of([options](TextPart& part) {
    if (options.clean_text) clean(part);
    if (options.handle_chinese_chars) space_out_chinese(part);
    if (options.strip_accents.value_or(options.lowercase)) {
      apply_unicode_form(UnicodeForm::nfd, part);
      remove_characters(part, is_nonspacing_mark);
    }
    if (options.lowercase) lower(part);
  });
}

NormalizerPointer make_unicode_form(UnicodeForm form) {
  return normalizer_of([form](TextPart& part) { apply_unicode_form(form, part); });
}

NormalizerPointer make_strip(StripSides sides) {
  return normalizer_of([sides](TextPart& part) { strip(part, sides); });
}

NormalizerPointer make_lowercase() {
  return normalizer_of(lower);
}

NormalizerPointer make_strip_accents() {
  return normalizer_of([](TextPart& part) { remove_characters(part, is_mark); });
}

NormalizerPointer make_nmt() {
  return normalizer_of([](TextPart& part) {
    remove_characters(part, is_nmt_control);
    for (AlignedCharacter& character : part.characters) {
      if (is_nmt_space(character.value)) character.value = ' ';
    }
  });
}

NormalizerPointer make_prepend(std::string_view text) {
  return normalizer_of([inserted = code_points_of(text)](TextPart& part) { prepend(part, inserted); });
}

NormalizerPointer make_replace(std::unique_ptr<Pattern> pattern, std::string_view content) {
  return normalizer_of([pattern = std::move(pattern), inserted = code_points_of(content)](TextPart& part) {
    replace_matches(part, *pattern, inserted);
  });
}

NormalizerPointer make_byte_level_normalizer() {
  return normalizer_of(spell_bytes);
}

NormalizerPointer make_normalizer_sequence(std::vector<NormalizerPointer> steps) {
  return normalizer_of([steps = std::move(steps)](TextPart& part) {
    for (const NormalizerPointer& step : steps) step->apply(part);
  });
}

}  // namespace attune
