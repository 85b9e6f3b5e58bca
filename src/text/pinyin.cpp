// How Chinese characters sound, by ICU's table of readings.
#include <memory>

#include <unicode/translit.h>
#include <unicode/unistr.h>

#include "attune/text.hpp"

#include "text/characters.hpp"

namespace attune::text {
namespace {

// Making one reads all of ICU's readings, and one must not be used by two threads at a time.
const icu::Transliterator* readings() {
  thread_local const std::unique_ptr<icu::Transliterator> made = [] {
    UErrorCode failure = U_ZERO_ERROR;
    std::unique_ptr<icu::Transliterator> fresh(
        icu::Transliterator::createInstance("Han-Latin; Latin-ASCII; Lower", UTRANS_FORWARD, failure));
    if (U_FAILURE(failure) != 0) fresh.reset();
    return fresh;
  }();
  return made.get();
}

}  // namespace

std::string pinyin(std::string_view utf8) {
  const icu::Transliterator* const reader = readings();
  if (reader == nullptr) return "";
  std::string sounds;
  for (std::size_t at = 0; at < utf8.size();) {
    const char32_t character = next_character(utf8, at);
    if (character_class(character) != CharacterClass::ideograph) return "";
    icu::UnicodeString syllable(static_cast<UChar32>(character));
    reader->transliterate(syllable);
    std::string latin;
    syllable.toUTF8String(latin);
    // Kana, Hangul and characters without a reading stay what they are.
    if (latin.empty() || static_cast<unsigned char>(latin.front()) >= 0x80U) return "";
    if (!sounds.empty()) sounds += ' ';
    sounds += latin;
  }
  return sounds;
}

}  // namespace attune::text
