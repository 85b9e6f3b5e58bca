// Words of scripts that put spaces between them, numbers, versions and identifiers.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/characters.hpp"
#include "text/stemming.hpp"
#include "text/stop_words.hpp"
#include "text/term_candidates.hpp"

namespace attune::text {
namespace {

// A term longer than this is a key or a blob that nobody types: its beginning is enough.
constexpr std::size_t kLongestTerm = 128;
// An identifier longer than this is kept in parts only.
constexpr std::size_t kLongestIdentifier = 64;

// Letters and digits without a break, "don't" included.
struct Part {
  ByteSpan span;
  char joiner = 0;  // what stands before it in the same compound: '.', ',' or '_'
  bool digits_only = true;
  bool has_digit = false;
  std::size_t characters = 0;
};
using Parts = std::vector<Part>;

bool is_apostrophe(char32_t character) {
  return character == U'\'' || character == 0x2019 || character == 0xFF07;
}

char joiner_of(char32_t character) {
  switch (character) {
    case U'.':
    case 0xFF0E:
      return '.';
    case U',':
    case 0xFF0C:
      return ',';
    case U'_':
    case 0xFF3F:
      return '_';
    default:
      return 0;
  }
}

// The class of the character at `at`, separator at the end.
CharacterClass class_at(std::string_view text, std::size_t at) {
  return at < text.size() ? character_class(next_character(text, at)) : CharacterClass::separator;
}

Part read_part(std::string_view text, std::size_t at) {
  Part part;
  part.span = {at, at};
  CharacterClass before = CharacterClass::separator;
  while (at < text.size()) {
    std::size_t after = at;
    const char32_t character = next_character(text, after);
    const CharacterClass kind = character_class(character);
    const bool inside =
        kind == CharacterClass::letter || kind == CharacterClass::digit || kind == CharacterClass::extender;
    if (!inside) {
      const bool within_word = is_apostrophe(character) && before == CharacterClass::letter &&
                               class_at(text, after) == CharacterClass::letter;
      if (!within_word) break;
    }
    part.digits_only = part.digits_only && kind == CharacterClass::digit;
    part.has_digit = part.has_digit || kind == CharacterClass::digit;
    ++part.characters;
    if (kind != CharacterClass::extender) before = inside ? kind : CharacterClass::separator;
    at = part.span.end = after;
  }
  return part;
}

// Where the part after a joiner at `at` begins, or npos if what stands there joins nothing.
std::size_t behind_joiner(std::string_view text, std::size_t at, const Part& part, char& joiner) {
  std::size_t after = at;
  joiner = joiner_of(next_character(text, after));
  if (joiner == 0) return std::string_view::npos;
  while (joiner == '_' && after < text.size() && text[after] == '_') ++after;
  const CharacterClass next = class_at(text, after);
  if (next == CharacterClass::digit && (joiner != ',' || part.digits_only)) return after;
  return next == CharacterClass::letter && joiner != ',' ? after : std::string_view::npos;
}

Parts read_compound(std::string_view text, std::size_t at) {
  Parts parts{read_part(text, at)};
  while (parts.back().span.end < text.size()) {
    char joiner = 0;
    const std::size_t next = behind_joiner(text, parts.back().span.end, parts.back(), joiner);
    if (next == std::string_view::npos) break;
    parts.push_back(read_part(text, next));
    parts.back().joiner = joiner;
  }
  return parts;
}

// Folded, without what folding may leave of ligatures and joiners that are no part of a word.
std::string folded_word(std::string_view word) {
  std::string folded = fold(word);
  std::erase_if(folded, [](char byte) { return static_cast<unsigned char>(byte) <= ' '; });
  for (const std::string_view curly : {"\xE2\x80\x99", "\xEF\xBC\x87"}) {
    for (auto found = folded.find(curly); found != std::string::npos; found = folded.find(curly)) {
      folded[found] = '\'';
      folded.erase(found + 1, curly.size() - 1);
    }
  }
  if (folded.size() > kLongestTerm) {
    std::size_t end = kLongestTerm;
    while (end > 0 && (static_cast<unsigned char>(folded[end]) & 0xC0U) == 0x80U) --end;
    folded.resize(end);
  }
  return folded;
}

bool drops_articles(std::string_view language) {
  return language == "fr" || language == "it" || language == "ca";
}

// "l'acqua", "dell'acqua" → "acqua"; "aujourd'hui" and "o'brien" stay whole.
std::string_view without_article(std::string_view word) {
  const auto apostrophe = word.find('\'');
  if (apostrophe == std::string_view::npos || apostrophe + 1 == word.size()) return word;
  for (const std::string_view article :
       {"l",      "d",      "c",      "j",  "m",    "n",    "s",   "t",    "qu",   "jusqu",
        "lorsqu", "puisqu", "quoiqu", "un", "dell", "nell", "all", "dall", "sull", "quell"}) {
    if (word.substr(0, apostrophe) == article) return word.substr(apostrophe + 1);
  }
  return word;
}

class SpacedTerms {
 public:
  SpacedTerms(std::string_view text, const Languages& languages, std::vector<TermCandidate>& candidates)
      : text_(text), languages_(languages), candidates_(candidates) {}

  // Terms of parts [first, last) of a compound.
  void append(const Parts& parts, std::size_t first, std::size_t last) {
    while (first < last) {
      const std::size_t grouped = thousands(parts, first, last);
      if (grouped > first) {
        append_number(parts, first, grouped);
        first = grouped;
        continue;
      }
      // A comma that groups no thousands separates.
      std::size_t end = first + 1;
      while (end < last && parts[end].joiner != ',') ++end;
      append_joined(parts, first, end);
      first = end;
    }
  }

  // "c++", "c#", "c++20": where that is written at `at`, behind `parts`. Returns the offset behind it.
  std::size_t append_language_name(const Parts& parts) {
    const Part& name = parts.front();
    const std::size_t at = name.span.end;
    if (parts.size() != 1 || name.has_digit) return parts.back().span.end;
    const bool plus = text_.substr(at).starts_with("++");
    const bool sharp = name.characters == 1 && text_.substr(at).starts_with('#');
    const std::size_t end = at + (plus ? 2U : 1U);
    if ((!plus && !sharp) || class_at(text_, end) == CharacterClass::letter) return at;
    if (class_at(text_, end) == CharacterClass::digit) {
      const std::size_t behind = read_part(text_, end).span.end;
      add({name.span.start, behind}, folded_word(text_.substr(name.span.start, behind - name.span.start)));
    }
    add({name.span.start, end}, folded_word(text_.substr(name.span.start, end - name.span.start)));
    return end;
  }

 private:
  // The end of a number like 1,234,567 that begins with part `first`, or `first`.
  [[nodiscard]] static std::size_t thousands(const Parts& parts, std::size_t first, std::size_t last) {
    if (!parts[first].digits_only || parts[first].characters > 3) return first;
    std::size_t end = first + 1;
    while (end < last && parts[end].joiner == ',' && parts[end].digits_only && parts[end].characters == 3) ++end;
    if (end == first + 1 || (end < last && parts[end].joiner == ',')) return first;
    if (end < last && parts[end].joiner == '.' && parts[end].digits_only) ++end;
    return end == last ? end : first;
  }

  void append_number(const Parts& parts, std::size_t first, std::size_t last) {
    std::string number;
    for (std::size_t i = first; i < last; ++i) {
      if (i > first && parts[i].joiner == '.') number += '.';
      number += folded_word(parts[i].span.of(text_));
    }
    add({parts[first].span.start, parts[last - 1].span.end}, std::move(number));
  }

  // Parts joined by '.' and '_' only.
  void append_joined(const Parts& parts, std::size_t first, std::size_t last) {
    if (last - first == 1) return append_word(parts[first]);
    const bool dots = std::all_of(parts.begin() + static_cast<std::ptrdiff_t>(first) + 1,
                                  parts.begin() + static_cast<std::ptrdiff_t>(last),
                                  [](const Part& part) { return part.joiner == '.'; });
    const ByteSpan whole{parts[first].span.start, parts[last - 1].span.end};
    if (dots && is_acronym(parts, first, last)) return append_acronym(parts, first, last);
    if (whole.size() <= kLongestIdentifier) add(whole, folded_word(whole.of(text_)));
    if (dots && is_version(parts, first, last)) {
      // "v2.3" is also found as "2.3".
      const Part& head = parts[first];
      const bool marked = !head.digits_only;
      if (marked) add({whole.start + 1, whole.end}, folded_word(text_.substr(whole.start + 1, whole.size() - 1)));
      if (whole.size() <= kLongestIdentifier || marked) return;
    }
    append_parts(parts, first, last);
  }

  void append_parts(const Parts& parts, std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last;) {
      std::size_t end = i + 1;
      while (parts[i].digits_only && end < last && parts[end].joiner == '.' && parts[end].digits_only) ++end;
      if (end == i + 1) {
        append_word(parts[i]);
      } else if (end - i < last - first) {
        append_number(parts, i, end);
      }
      i = end;
    }
  }

  // U.S.A, e.g
  [[nodiscard]] static bool is_acronym(const Parts& parts, std::size_t first, std::size_t last) {
    return std::all_of(parts.begin() + static_cast<std::ptrdiff_t>(first),
                       parts.begin() + static_cast<std::ptrdiff_t>(last),
                       [](const Part& part) { return part.characters == 1 && !part.has_digit; });
  }
  void append_acronym(const Parts& parts, std::size_t first, std::size_t last) {
    std::string letters;
    for (std::size_t i = first; i < last; ++i) letters += folded_word(parts[i].span.of(text_));
    const ByteSpan span{parts[first].span.start, parts[last - 1].span.end};
    const std::string written = folded_word(span.of(text_));
    add(span, std::move(letters), is_function_word(written));
  }

  // 1.0.21, 2.3b1, v2.3
  [[nodiscard]] bool is_version(const Parts& parts, std::size_t first, std::size_t last) const {
    for (std::size_t i = first; i < last; ++i) {
      const std::string_view part = parts[i].span.of(text_);
      const bool marked = i == first && (part[0] == 'v' || part[0] == 'V') && part.size() > 1;
      if (class_at(part, marked ? 1 : 0) != CharacterClass::digit) return false;
      if (marked && !std::all_of(part.begin() + 1, part.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return false;
      }
    }
    return true;
  }

  void append_word(const Part& part) {
    std::string word = folded_word(part.span.of(text_));
    if (word.empty()) return;
    const bool function_word = is_function_word(word);
    if (word.ends_with("'s")) word.resize(word.size() - 2);
    if (part.has_digit) return add(part.span, std::move(word), function_word);
    std::size_t at = 0;
    const char32_t first_letter = next_character(word, at);
    const std::size_t known = candidates_.size();
    for (const std::string& language : languages_) {
      const std::string_view bare = drops_articles(language) ? without_article(word) : std::string_view(word);
      std::string stemmed = stem(bare, stemming_algorithm(first_letter, language));
      const bool repeated = std::any_of(candidates_.begin() + static_cast<std::ptrdiff_t>(known), candidates_.end(),
                                        [&](const TermCandidate& other) { return other.term.text == stemmed; });
      if (!repeated) add(part.span, std::move(stemmed), function_word);
    }
  }

  [[nodiscard]] bool is_function_word(std::string_view word) const {
    // English words are asked with in every language's texts.
    return is_stop_word(word, "en") || std::any_of(languages_.begin(), languages_.end(),
                                                   [&](const std::string& code) { return is_stop_word(word, code); });
  }

  void add(ByteSpan span, std::string term, bool function_word = false) {
    if (!term.empty()) candidates_.push_back({{std::move(term), span, TermKind::word}, function_word});
  }

  std::string_view text_;
  const Languages& languages_;
  std::vector<TermCandidate>& candidates_;
};

}  // namespace

std::size_t append_spaced_terms(std::string_view text, std::size_t at, const Languages& languages,
                                std::vector<TermCandidate>& candidates) {
  const Parts parts = read_compound(text, at);
  SpacedTerms terms(text, languages, candidates);
  const std::size_t end = parts.back().span.end;
  const std::size_t behind = terms.append_language_name(parts);
  if (behind == end) terms.append(parts, 0, parts.size());
  return behind;
}

}  // namespace attune::text
