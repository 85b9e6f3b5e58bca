#include "text/characters.hpp"

#include <algorithm>
#include <array>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

namespace attune::text {
namespace {

bool is_word_extender(char32_t character) {
  switch (character) {
    case 0x00AD:  // soft hyphen
    case 0x200C:  // zero-width joiners stand inside Persian and Indic words
    case 0x200D:
    case 0x2060:
      return true;
    default:
      return false;
  }
}

CharacterClass class_by_script(UChar32 character) {
  UErrorCode status = U_ZERO_ERROR;
  switch (uscript_getScript(character, &status)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_HANGUL:
    case USCRIPT_BOPOMOFO:
      return CharacterClass::ideograph;
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
      return CharacterClass::dictionary;
    default:
      return CharacterClass::letter;
  }
}

CharacterClass look_up(UChar32 character) {
  if (is_word_extender(static_cast<char32_t>(character))) return CharacterClass::extender;
  // Length marks of Kana are shared by two scripts and so belong to none.
  if (character == 0x30FC || character == 0xFF70 || character == 0xFF9E || character == 0xFF9F) {
    return CharacterClass::ideograph;
  }
  const std::uint32_t category = U_MASK(u_charType(character));
  if ((category & U_GC_L_MASK) != 0) return class_by_script(character);
  if ((category & U_GC_ND_MASK) != 0) return CharacterClass::digit;
  if ((category & U_GC_NL_MASK) != 0) return class_by_script(character);  // 〇, Ⅳ
  if ((category & U_GC_M_MASK) != 0) {
    const CharacterClass of_script = class_by_script(character);
    return of_script == CharacterClass::dictionary ? of_script : CharacterClass::extender;
  }
  return CharacterClass::separator;
}

std::array<CharacterClass, 128> ascii_classes() {
  std::array<CharacterClass, 128> classes{};
  for (UChar32 character = 0; character < 128; ++character) {
    classes[static_cast<std::size_t>(character)] = look_up(character);
  }
  return classes;
}

const icu::Normalizer2* folder() {
  UErrorCode status = U_ZERO_ERROR;
  return icu::Normalizer2::getNFKCCasefoldInstance(status);
}

void append_folded(FoldedText& folded, const icu::UnicodeString& piece, ByteSpan span) {
  for (std::int32_t at = 0; at < piece.length();) {
    const UChar32 character = piece.char32At(at);
    at += U16_LENGTH(character);
    // Digits of all scripts are written the same way, so that ٣ finds 3.
    const std::int32_t value = u_charDigitValue(character);
    const bool is_digit = value >= 0 && u_charType(character) == U_DECIMAL_DIGIT_NUMBER;
    folded.push_back({is_digit ? U'0' + static_cast<char32_t>(value) : static_cast<char32_t>(character), span});
  }
}

}  // namespace

CharacterClass character_class(char32_t character) {
  static const std::array<CharacterClass, 128> ascii = ascii_classes();
  if (character < 128) return ascii[character];
  // The bulk of Chinese and Korean text, without a table walk.
  if (character >= 0x4E00 && character <= 0x9FFF) return CharacterClass::ideograph;
  if (character >= 0xAC00 && character <= 0xD7A3) return CharacterClass::ideograph;
  return look_up(static_cast<UChar32>(character));
}

char32_t next_character(std::string_view text, std::size_t& offset) {
  const auto first = static_cast<unsigned char>(text[offset]);
  if (first < 0x80) {
    ++offset;
    return first;
  }
  UChar32 character = 0;
  // ICU's macros take signed offsets; no text reaches 2^63 bytes.
  auto at = static_cast<std::int64_t>(offset);
  const auto size = static_cast<std::int64_t>(text.size());
  U8_NEXT_OR_FFFD(reinterpret_cast<const std::uint8_t*>(text.data()), at, size, character);
  offset = static_cast<std::size_t>(at);
  return static_cast<char32_t>(character);
}

void append_utf8(std::string& text, char32_t character) {
  std::array<std::uint8_t, U8_MAX_LENGTH> bytes{};
  std::int32_t size = 0;
  UBool failed = false;
  U8_APPEND(bytes.data(), size, U8_MAX_LENGTH, static_cast<UChar32>(character), failed);
  if (failed) {
    text += "\xEF\xBF\xBD";
    return;
  }
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

std::string to_utf8(const FoldedText& text, std::size_t first, std::size_t count) {
  std::string utf8;
  utf8.reserve(count * 3);
  for (std::size_t i = first; i < first + count; ++i) append_utf8(utf8, text[i].value);
  return utf8;
}

std::string fold(std::string_view utf8) {
  const bool ascii = std::all_of(utf8.begin(), utf8.end(), [](char byte) { return (byte & 0x80) == 0; });
  if (ascii) {
    std::string lower(utf8);
    for (char& byte : lower) {
      if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
    }
    return lower;
  }
  const FoldedText folded = fold_with_spans(utf8, {0, utf8.size()});
  return to_utf8(folded, 0, folded.size());
}

FoldedText fold_with_spans(std::string_view text, ByteSpan span) {
  FoldedText folded;
  folded.reserve(span.size());
  const icu::Normalizer2* const normalizer = folder();
  const std::string_view whole = text.substr(0, span.end);
  for (std::size_t at = span.start; at < span.end;) {
    const std::size_t start = at;
    const char32_t first = next_character(whole, at);
    if (first < 128) {
      // Nothing before U+0300 attaches to an ASCII character, so that most text takes this way.
      std::size_t after = at;
      const char32_t next = at < span.end ? next_character(whole, after) : U' ';
      if (next < 0x300) {
        folded.push_back({first >= U'A' && first <= U'Z' ? first + 32 : first, {start, at}});
        continue;
      }
    }
    // Characters that may compose are folded together and share their bytes.
    icu::UnicodeString cluster(static_cast<UChar32>(first));
    while (at < span.end) {
      std::size_t after = at;
      const char32_t next = next_character(whole, after);
      if (next < 0x300 || normalizer == nullptr || normalizer->hasBoundaryBefore(static_cast<UChar32>(next))) break;
      cluster.append(static_cast<UChar32>(next));
      at = after;
    }
    UErrorCode status = U_ZERO_ERROR;
    icu::UnicodeString piece = normalizer != nullptr ? normalizer->normalize(cluster, status) : cluster;
    append_folded(folded, U_SUCCESS(status) ? piece : cluster, {start, at});
  }
  return folded;
}

}  // namespace attune::text
