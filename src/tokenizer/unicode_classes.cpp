#include "tokenizer/unicode_classes.hpp"

#include <memory>

#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "tokenizer/newer_unicode.hpp"

namespace attune {
namespace {

// Is `code_point` as old as Unicode `major`.0?
bool is_as_old_as(std::uint32_t code_point, std::uint8_t major) {
  UVersionInfo age = {};
  u_charAge(static_cast<UChar32>(code_point), age);
  return age[0] != 0 && (age[0] < major || (age[0] == major && age[1] == 0));
}

bool has_category(std::uint32_t code_point, std::uint32_t mask) {
  return (U_GET_GC_MASK(static_cast<UChar32>(code_point)) & mask) != 0;
}

bool is_ascii_punctuation(std::uint32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

const icu::Normalizer2* canonical() {
  static const icu::Normalizer2* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    return icu::Normalizer2::getNFCInstance(status);
  }();
  return instance;
}

const icu::Normalizer2* compatible_forms() {
  static const icu::Normalizer2* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    return icu::Normalizer2::getNFKCInstance(status);
  }();
  return instance;
}

}  // namespace

bool is_white_space(std::uint32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_numeric(std::uint32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  return has_category(c, U_GC_N_MASK) || newer_kind(c) == NewerKind::number || (c >= 0x11DE0 && c <= 0x11DE9) ||
         (c >= 0x16FF4 && c <= 0x16FF6);
}

bool is_word_character(std::uint32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  return u_hasBinaryProperty(static_cast<UChar32>(c), UCHAR_ALPHABETIC) != 0 || c == 0x200C || c == 0x200D ||
         has_category(c, U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK) || newer_kind(c) != NewerKind::none;
}

bool is_punctuation(std::uint32_t c) {
  if (c < 0x80) return is_ascii_punctuation(c);
  // Two have changed their category since.
  return (has_category(c, U_GC_P_MASK) && is_as_old_as(c, 8)) || c == 0x166D || c == 0x111C9;
}

bool is_control(std::uint32_t c) {
  if (c < 0x7F) return c < 0x20;
  return has_category(c, U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK) && is_as_old_as(c, 8);
}

bool is_nonspacing_mark(std::uint32_t c) {
  if (c < 0x300) return false;
  if (c == 0x1734) return true;  // these have changed their category since
  if (c == 0x1885 || c == 0x1886 || c == 0xA9BD || c == 0x111C9) return false;
  return has_category(c, U_GC_MN_MASK) && is_as_old_as(c, 8);
}

bool is_mark(std::uint32_t c) {
  if (c < 0x300 || c == 0x111C9) return false;
  return (has_category(c, U_GC_M_MASK) && is_as_old_as(c, 9)) || c == 0x1CF2 || c == 0x1CF3;
}

void append_lower_case(std::uint32_t c, std::vector<std::uint32_t>& out) {
  if (c < 0x80) {
    out.push_back(c >= 'A' && c <= 'Z' ? c + 32 : c);
  } else if (c == 0x130) {  // the only one that becomes two
    out.push_back('i');
    out.push_back(0x307);
  } else {
    const auto lowered = static_cast<std::uint32_t>(u_tolower(static_cast<UChar32>(c)));
    out.push_back(lowered == c ? newer_lower_case(c) : lowered);
  }
}

std::uint8_t combining_class(std::uint32_t c) {
  if (c < 0x300 || !is_as_old_as(c, 9)) return 0;
  return u_getCombiningClass(static_cast<UChar32>(c));
}

void append_decomposition(std::uint32_t c, bool compatible, std::vector<std::uint32_t>& out) {
  if (c >= 0xA0 && is_as_old_as(c, 9)) {
    const icu::Normalizer2* const forms = compatible ? compatible_forms() : canonical();
    icu::UnicodeString decomposed;
    if (forms != nullptr && forms->getDecomposition(static_cast<UChar32>(c), decomposed)) {
      for (std::int32_t at = 0; at < decomposed.length(); at = decomposed.moveIndex32(at, 1)) {
        out.push_back(static_cast<std::uint32_t>(decomposed.char32At(at)));
      }
      return;
    }
  }
  out.push_back(c);
}

std::uint32_t composition(std::uint32_t first, std::uint32_t second) {
  if (second < 0x300 || canonical() == nullptr) return 0;
  const UChar32 composed = canonical()->composePair(static_cast<UChar32>(first), static_cast<UChar32>(second));
  if (composed < 0 || !is_as_old_as(static_cast<std::uint32_t>(composed), 9)) return 0;
  return static_cast<std::uint32_t>(composed);
}

std::vector<std::size_t> grapheme_ends(const std::u32string& text) {
  icu::UnicodeString utf16;
  std::vector<std::size_t> ends_in_utf16;  // of each code point
  for (const char32_t c : text) {
    utf16.append(static_cast<UChar32>(c));
    ends_in_utf16.push_back(static_cast<std::size_t>(utf16.length()));
  }
  std::vector<std::size_t> ends;
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> breaks(
      icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
  if (U_FAILURE(status) || breaks == nullptr) {
    for (std::size_t end = 1; end <= text.size(); ++end) ends.push_back(end);
    return ends;
  }
  breaks->setText(utf16);
  std::size_t character = 0;
  for (std::int32_t end = breaks->next(); end != icu::BreakIterator::DONE; end = breaks->next()) {
    while (character < ends_in_utf16.size() && ends_in_utf16[character] < static_cast<std::size_t>(end)) ++character;
    ends.push_back(++character);
  }
  return ends;
}

}  // namespace attune
