// What a rewrite deletes, copies and puts side by side.
#include "attune/text.hpp"

#include "text/characters.hpp"

namespace attune::text {
namespace {

constexpr std::u32string_view kClosing = U",.;:!?)]}%'’”»…、。，；：！？）】》」』";
constexpr std::u32string_view kOpening = U"([{$#“«（【《「『";

bool is_white(char32_t character) {
  return character == U' ' || (character >= 0x09 && character <= 0x0D) || character == 0x85 || character == 0xA0 ||
         character == 0x1680 || (character >= 0x2000 && character <= 0x200A) || character == 0x2028 ||
         character == 0x2029 || character == 0x202F || character == 0x205F || character == 0x3000;
}

bool is_apostrophe(char32_t character) {
  return character == U'\'' || character == 0x2019;
}

bool makes_words(CharacterClass kind) {
  return kind == CharacterClass::letter || kind == CharacterClass::digit;
}

bool stands_alone(CharacterClass kind) {
  return kind == CharacterClass::ideograph || kind == CharacterClass::dictionary;
}

char32_t last_character(std::string_view utf8) {
  char32_t last = 0;
  for (std::size_t at = 0; at < utf8.size();) last = next_character(utf8, at);
  return last;
}

}  // namespace

std::vector<ByteSpan> edit_units(std::string_view utf8) {
  std::vector<ByteSpan> units;
  bool in_word = false;   // the last unit may go on with letters
  bool adjacent = false;  // the last unit ends here
  for (std::size_t at = 0; at < utf8.size();) {
    const std::size_t start = at;
    const char32_t character = next_character(utf8, at);
    const CharacterClass kind = character_class(character);
    if (is_white(character)) {
      in_word = adjacent = false;
      continue;
    }
    const bool goes_on = (in_word && makes_words(kind)) || (adjacent && kind == CharacterClass::extender);
    if (goes_on) {
      units.back().end = at;
      continue;
    }
    units.push_back({start, at});
    std::size_t behind = at;
    const bool before_letter = at < utf8.size() && makes_words(character_class(next_character(utf8, behind)));
    in_word = makes_words(kind) || (in_word && is_apostrophe(character) && before_letter);
    adjacent = true;
  }
  return units;
}

bool space_between(std::string_view before, std::string_view after) {
  std::size_t at = 0;
  const char32_t next = next_character(after, at);
  const char32_t last = last_character(before);
  if (stands_alone(character_class(last)) || stands_alone(character_class(next))) return false;
  return kClosing.find(next) == kClosing.npos && kOpening.find(last) == kOpening.npos;
}

}  // namespace attune::text
