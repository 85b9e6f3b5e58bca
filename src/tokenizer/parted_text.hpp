// A text on its way to ids: normalised code points, each with the bytes of the original text that it stands for, and
// the parts into which they are split.
//
// Where a code point comes from follows the reference tokenizers to the letter: what is inserted stands for the bytes
// of the character before it, what replaces stands for the bytes of the replaced one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

struct AlignedCharacter {
  std::uint32_t value = 0;
  std::uint32_t start = 0;  // bytes of the original text
  std::uint32_t end = 0;
};

using AlignedCharacters = std::vector<AlignedCharacter>;

// One step of a rewriting. change 0: `value` takes the place of the next character. 1: it is inserted there. −n: it
// takes the place of the next character, and n more are left out.
struct Rewriting {
  std::uint32_t value = 0;
  std::int32_t change = 0;
};

// A stretch of text that is normalised by itself.
struct TextPart {
  AlignedCharacters characters;
  std::uint32_t origin = 0;  // where the stretch begins in the original text
};

// The code points of `text`; malformed UTF-8 reads as U+FFFD.
TextPart read_text(std::string_view text);
std::vector<std::uint32_t> code_points_of(std::string_view utf8);

// Replaces all characters as `steps` say.
void rewrite(TextPart& part, std::span<const Rewriting> steps);
// Puts `inserted` in front; does nothing to an empty part.
void prepend(TextPart& part, std::span<const std::uint32_t> inserted);

struct PartedText {
  static constexpr std::int32_t kOpen = -1;

  // Characters [begin, end), which nothing divides any more once they have an id.
  struct Part {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint32_t origin = 0;
    std::int32_t id = kOpen;
  };

  AlignedCharacters characters;
  std::vector<Part> parts;  // in order and never empty; characters between them are left out

  // Appends `added` [begin, end) as one part, unless it is empty.
  void append(const AlignedCharacters& added, std::size_t begin, std::size_t end, std::int32_t id);
  [[nodiscard]] std::span<const AlignedCharacter> of(const Part& part) const {
    return std::span(characters).subspan(part.begin, part.end - part.begin);
  }
};

// What a pattern says of a text: stretches that cover it, in order.
struct Stretch {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool is_match = false;
};

// Each character that `is_wanted` is a match of its own.
std::vector<Stretch> match_characters(std::span<const AlignedCharacter> text,
                                      const std::function<bool(std::uint32_t)>& is_wanted);

enum class SplitBehaviour { removed, isolated, merged_with_previous, merged_with_next, contiguous };

using StretchFinder = std::function<std::vector<Stretch>(std::span<const AlignedCharacter>)>;

// The stretches that remain after matches were joined to their neighbours or left out (is_match has no meaning then).
std::vector<Stretch> apply_behaviour(std::vector<Stretch> stretches, SplitBehaviour behaviour);

// Splits every open part of `text` by what `find` finds in it.
void split_parts(PartedText& text, const StretchFinder& find, SplitBehaviour behaviour);

// Calls `change` for every open part and puts what it leaves in place of the part.
void rewrite_parts(PartedText& text, const std::function<void(TextPart&)>& change);

}  // namespace attune
