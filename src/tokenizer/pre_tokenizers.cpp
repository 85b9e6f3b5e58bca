#include "tokenizer/pre_tokenizers.hpp"

#include <utility>

#include "tokenizer/byte_level.hpp"
#include "tokenizer/unicode_classes.hpp"

namespace attune {
namespace {

constexpr std::string_view kGpt2Expression =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// A pre-tokenizer made of a function.
template <typename Apply>
class FunctionPreTokenizer final : public PreTokenizer {
 public:
  explicit FunctionPreTokenizer(Apply function) : apply_(std::move(function)) {}
  void apply(PartedText& text) const override { apply_(text); }

 private:
  Apply apply_;
};

template <typename Apply>
PreTokenizerPointer pre_tokenizer_of(Apply function) {
  return std::make_unique<FunctionPreTokenizer<Apply>>(std::move(function));
}

using Characters = std::span<const AlignedCharacter>;

void split_by(PartedText& text, bool (*is_wanted)(std::uint32_t), SplitBehaviour behaviour) {
  split_parts(
      text, [&](Characters part) { return match_characters(part, is_wanted); }, behaviour);
}

// Runs of word characters and runs of what is neither that nor white space; white space is the match.
std::vector<Stretch> words_and_symbols(Characters text) {
  enum class Kind { space, word, symbol };
  const auto kind_of = [](std::uint32_t c) {
    if (is_word_character(c)) return Kind::word;
    return is_white_space(c) ? Kind::space : Kind::symbol;
  };
  std::vector<Stretch> found;
  for (std::size_t begin = 0; begin < text.size();) {
    const Kind kind = kind_of(text[begin].value);
    std::size_t end = begin + 1;
    while (end < text.size() && kind_of(text[end].value) == kind) ++end;
    found.push_back({begin, end, kind == Kind::space});
    begin = end;
  }
  return found;
}

void apply_metaspace(PartedText& text, const MetaspaceOptions& options) {
  const std::uint32_t mark = options.replacement;
  rewrite_parts(text, [&](TextPart& part) {
    for (AlignedCharacter& character : part.characters) {
      if (character.value == ' ') character.value = mark;
    }
    const bool wants = options.prepend_scheme == PrependScheme::always ||
                       (options.prepend_scheme == PrependScheme::first && part.origin == 0);
    if (wants && !part.characters.empty() && part.characters.front().value != mark) {
      prepend(part, std::span(&mark, 1));
    }
  });
  if (!options.split) return;
  const auto is_mark_here = [&](std::uint32_t c) { return c == mark; };
  split_parts(
      text, [&](Characters part) { return match_characters(part, is_mark_here); }, SplitBehaviour::merged_with_next);
}

}  // namespace

PreTokenizerPointer make_bert_pre_tokenizer() {
  return pre_tokenizer_of([](PartedText& text) {
    split_by(text, is_white_space, SplitBehaviour::removed);
    split_by(text, is_punctuation, SplitBehaviour::isolated);
  });
}

PreTokenizerPointer make_whitespace_pre_tokenizer() {
  return pre_tokenizer_of([](PartedText& text) { split_parts(text, words_and_symbols, SplitBehaviour::removed); });
}

PreTokenizerPointer make_whitespace_split() {
  return pre_tokenizer_of([](PartedText& text) { split_by(text, is_white_space, SplitBehaviour::removed); });
}

PreTokenizerPointer make_punctuation_pre_tokenizer(SplitBehaviour behaviour) {
  return pre_tokenizer_of([behaviour](PartedText& text) { split_by(text, is_punctuation, behaviour); });
}

PreTokenizerPointer make_digits_pre_tokenizer(bool individual_digits) {
  const auto behaviour = individual_digits ? SplitBehaviour::isolated : SplitBehaviour::contiguous;
  return pre_tokenizer_of([behaviour](PartedText& text) { split_by(text, is_numeric, behaviour); });
}

PreTokenizerPointer make_delimiter_split(std::uint32_t delimiter) {
  return pre_tokenizer_of([delimiter](PartedText& text) {
    const auto is_wanted = [&](std::uint32_t c) { return c == delimiter; };
    split_parts(
        text, [&](Characters part) { return match_characters(part, is_wanted); }, SplitBehaviour::removed);
  });
}

PreTokenizerPointer make_pattern_split(std::unique_ptr<Pattern> pattern, SplitBehaviour behaviour, bool invert) {
  return pre_tokenizer_of([pattern = std::move(pattern), behaviour, invert](PartedText& text) {
    const auto find = [&](Characters part) {
      std::vector<Stretch> found = pattern->find(part);
      for (Stretch& stretch : found) stretch.is_match = stretch.is_match != invert;
      return found;
    };
    split_parts(text, find, behaviour);
  });
}

PreTokenizerPointer make_metaspace(const MetaspaceOptions& options) {
  return pre_tokenizer_of([options](PartedText& text) { apply_metaspace(text, options); });
}

Result<PreTokenizerPointer> make_byte_level_pre_tokenizer(const ByteLevelOptions& options) {
  auto pattern = Pattern::expression(kGpt2Expression);
  if (!pattern) return pattern.error();
  return pre_tokenizer_of([pattern = std::move(pattern).value(), options](PartedText& text) {
    constexpr std::uint32_t kSpace = ' ';
    if (options.add_prefix_space) {
      rewrite_parts(text, [&](TextPart& part) {
        if (part.characters.front().value != kSpace) prepend(part, std::span(&kSpace, 1));
      });
    }
    if (options.use_regex) {
      split_parts(
          text, [&](Characters part) { return pattern->find(part); }, SplitBehaviour::isolated);
    }
    rewrite_parts(text, spell_bytes);
  });
}

PreTokenizerPointer make_pre_tokenizer_sequence(std::vector<PreTokenizerPointer> steps) {
  return pre_tokenizer_of([steps = std::move(steps)](PartedText& text) {
    for (const PreTokenizerPointer& step : steps) step->apply(text);
  });
}

}  // namespace attune
