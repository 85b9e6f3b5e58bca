// Words by the plainest rule, for comparing texts: no dictionary, no stems, no folding of width or script.
#include <unicode/locid.h>
#include <unicode/unistr.h>

#include "attune/text.hpp"

#include "text/characters.hpp"

namespace attune::text {

std::string lower_case(std::string_view utf8) {
  // ICU counts in 32 bits; a text past that is left as it is, which no caller's bounds let happen.
  if (utf8.size() > 0x3FFF'FFFF) return to_valid_utf8(utf8);
  const icu::StringPiece bytes(utf8.data(), static_cast<std::int32_t>(utf8.size()));
  icu::UnicodeString text = icu::UnicodeString::fromUTF8(bytes);
  text.toLower(icu::Locale::getRoot());
  std::string lower;
  text.toUTF8String(lower);
  return lower;
}

std::u32string code_points(std::string_view utf8) {
  std::u32string points;
  for (std::size_t at = 0; at < utf8.size();) points.push_back(next_character(utf8, at));
  return points;
}

std::vector<ByteSpan> word_runs(std::string_view utf8) {
  std::vector<ByteSpan> runs;
  bool within = false;
  for (std::size_t at = 0; at < utf8.size();) {
    const std::size_t start = at;
    const CharacterClass character = character_class(next_character(utf8, at));
    const bool extends = character == CharacterClass::extender;
    if (character == CharacterClass::separator || (extends && !within)) {
      within = false;
    } else if (within) {
      runs.back().end = at;
    } else {
      runs.push_back({start, at});
      within = true;
    }
  }
  return runs;
}

}  // namespace attune::text
