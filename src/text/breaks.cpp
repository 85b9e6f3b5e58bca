#include "text/breaks.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <unicode/filteredbrk.h>
#include <unicode/uchar.h>
#include <unicode/utext.h>

#include "attune/text.hpp"

#include "text/characters.hpp"

namespace attune::text {
namespace {

using OwnedBreaks = std::unique_ptr<icu::BreakIterator>;

OwnedBreaks open_word_breaks() {
  UErrorCode status = U_ZERO_ERROR;
  return OwnedBreaks(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
}

OwnedBreaks open_grapheme_breaks() {
  UErrorCode status = U_ZERO_ERROR;
  return OwnedBreaks(icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
}

OwnedBreaks open_sentence_breaks(const std::string& language) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Locale locale(language.c_str());
  OwnedBreaks breaks(icu::BreakIterator::createSentenceInstance(locale, status));
  // Keeps "Mr. Who" whole, where ICU knows the language's abbreviations.
  const std::unique_ptr<icu::FilteredBreakIteratorBuilder> abbreviations(
      icu::FilteredBreakIteratorBuilder::createInstance(locale, status));
  if (U_FAILURE(status) || breaks == nullptr || abbreviations == nullptr) return breaks;
  // build() owns what it is given even when it fails.
  return OwnedBreaks(abbreviations->build(breaks.release(), status));
}

// Languages with sentence rules or abbreviations of their own. All others share the English ones, so that a hostile
// document cannot fill the cache with languages.
std::string sentence_language(std::string_view language) {
  for (const char* known : {"de", "el", "es", "fr", "it", "pt", "ru"}) {
    if (language == known) return known;
  }
  return "en";
}

// A UText over bytes, closed at the end of the scope. ICU counts in 32 bits: longer texts are seen only up to there.
class Utf8Text {
 public:
  explicit Utf8Text(std::string_view bytes) {
    UErrorCode status = U_ZERO_ERROR;
    constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max();
    utext_openUTF8(&text_, bytes.data(), static_cast<std::int64_t>(std::min(bytes.size(), kMost)), &status);
    good_ = U_SUCCESS(status);
  }
  ~Utf8Text() { utext_close(&text_); }
  Utf8Text(const Utf8Text&) = delete;
  Utf8Text& operator=(const Utf8Text&) = delete;

  // False if ICU refused.
  bool give_to(icu::BreakIterator& breaks) {
    if (!good_) return false;
    UErrorCode status = U_ZERO_ERROR;
    breaks.setText(&text_, status);
    return U_SUCCESS(status);
  }

 private:
  UText text_ = UTEXT_INITIALIZER;
  bool good_ = false;
};

// The iterator must not keep pointing into a text that is gone.
void forget_text(icu::BreakIterator& breaks) {
  Utf8Text empty("");
  empty.give_to(breaks);
}

bool is_space(char byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r' || byte == '\f' || byte == '\v';
}

// True if a grapheme ends before `offset`, as far as the characters on both sides tell; white space is one of them.
bool separable(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return true;
  std::size_t behind = offset;
  switch (u_getIntPropertyValue(static_cast<UChar32>(next_character(text, behind)), UCHAR_GRAPHEME_CLUSTER_BREAK)) {
    case U_GCB_EXTEND:
    case U_GCB_SPACING_MARK:
    case U_GCB_ZWJ:
      return false;
    default:
      return true;
  }
}

// U+00A0 and the like are left to the sentence; only what writers put between sentences is taken off.
ByteSpan without_space(std::string_view text, ByteSpan span) {
  constexpr std::string_view kWideSpace = "\xE3\x80\x80";
  while (!span.empty()) {
    const std::string_view rest = span.of(text);
    const std::size_t leading = is_space(rest.front()) ? 1 : rest.starts_with(kWideSpace) ? kWideSpace.size() : 0;
    const std::size_t trailing = is_space(rest.back()) ? 1 : rest.ends_with(kWideSpace) ? kWideSpace.size() : 0;
    if (trailing > 0) {
      span.end -= trailing;
    } else if (leading > 0 && separable(text, span.start + leading)) {
      span.start += leading;
    } else {
      break;
    }
  }
  return span;
}

// Hard-wrapped lines belong to one sentence: a single line end reads as a space, an empty line still ends it. The
// length stays the same.
std::string with_lines_joined(std::string_view text) {
  std::string joined(text);
  for (std::size_t i = 0; i < joined.size(); ++i) {
    if (joined[i] != '\n') continue;
    const bool beside_another = (i > 0 && text[i - 1] == '\n') || (i + 1 < text.size() && text[i + 1] == '\n');
    if (!beside_another) joined[i] = ' ';
  }
  return joined;
}

}  // namespace

icu::BreakIterator* word_breaks() {
  thread_local const OwnedBreaks breaks = open_word_breaks();
  return breaks.get();
}

icu::BreakIterator* grapheme_breaks() {
  thread_local const OwnedBreaks breaks = open_grapheme_breaks();
  return breaks.get();
}

icu::BreakIterator* sentence_breaks(std::string_view language) {
  thread_local std::map<std::string, OwnedBreaks, std::less<>> opened;
  const std::string key = sentence_language(language);
  auto found = opened.find(key);
  if (found == opened.end()) found = opened.emplace(key, open_sentence_breaks(key)).first;
  return found->second.get();
}

std::vector<ByteSpan> sentences(std::string_view utf8, std::string_view language) {
  std::vector<ByteSpan> found;
  icu::BreakIterator* const breaks = sentence_breaks(language);
  const std::string joined = with_lines_joined(utf8);
  Utf8Text text(joined);
  std::size_t start = 0;
  const auto add_until = [&](std::size_t end) {
    const ByteSpan span = without_space(utf8, {start, end});
    if (!span.empty()) found.push_back(span);
    start = end;
  };
  if (breaks != nullptr && text.give_to(*breaks)) {
    for (std::int32_t end = breaks->next(); end != icu::BreakIterator::DONE; end = breaks->next()) {
      add_until(static_cast<std::size_t>(end));
    }
    forget_text(*breaks);
  }
  if (start < utf8.size()) add_until(utf8.size());
  return found;
}

std::size_t grapheme_boundary_at_or_before(std::string_view utf8, std::size_t offset) {
  if (offset >= utf8.size()) return utf8.size();
  // ICU moves an offset within a code point to its start by itself, and then looks for a boundary before that one.
  for (int back = 0; back < 3 && offset > 0 && (static_cast<unsigned char>(utf8[offset]) & 0xC0U) == 0x80U; ++back)
    --offset;
  icu::BreakIterator* const breaks = grapheme_breaks();
  Utf8Text text(utf8);
  if (breaks == nullptr || !text.give_to(*breaks)) return 0;
  const auto wanted =
      static_cast<std::int32_t>(std::min<std::size_t>(offset, std::numeric_limits<std::int32_t>::max()));
  std::size_t boundary = offset;
  if (breaks->isBoundary(wanted) == 0) {
    const std::int32_t before = breaks->preceding(wanted);
    boundary = before == icu::BreakIterator::DONE ? 0 : static_cast<std::size_t>(before);
  }
  forget_text(*breaks);
  return boundary;
}

}  // namespace attune::text
