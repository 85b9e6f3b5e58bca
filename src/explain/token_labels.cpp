#include "explain/token_labels.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace attune::explain {
namespace {

// The character at `offset` of valid UTF-8; moves `offset` behind it.
char32_t next_character(std::string_view utf8, std::size_t& offset) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(utf8[index]); };
  const unsigned char first = byte(offset);
  const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t character = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t index = 1; index < length && offset + index < utf8.size(); ++index) {
    character = (character << 6U) | (byte(offset + index) & 0x3FU);
  }
  offset = std::min(offset + length, utf8.size());
  return character;
}

char32_t first_character(std::string_view utf8) {
  std::size_t offset = 0;
  return utf8.empty() ? U'\0' : next_character(utf8, offset);
}

char32_t last_character(std::string_view utf8) {
  if (utf8.empty()) return U'\0';
  std::size_t start = utf8.size() - 1;
  while (start > 0 && (static_cast<unsigned char>(utf8[start]) & 0xC0U) == 0x80U) --start;
  return next_character(utf8, start);
}

// Letters and digits of scripts that put spaces between words: there "it" inside "with" is not the word. Coarse on
// purpose: all of U+00C0 to U+1FFF counts, which is where these scripts are.
bool is_word_character(char32_t character) {
  const bool ascii = (character >= U'0' && character <= U'9') || (character >= U'A' && character <= U'Z') ||
                     (character >= U'a' && character <= U'z');
  return ascii || (character >= 0xC0 && character < 0x2000 && character != 0xD7 && character != 0xF7);
}

bool cuts_a_word(char32_t left, char32_t right) {
  return is_word_character(left) && is_word_character(right);
}

// Wide characters of East Asian scripts and emoji, as terminals draw them.
bool is_wide(char32_t character) {
  constexpr std::array<std::array<char32_t, 2>, 9> kWide = {{{0x1100, 0x115F},
                                                             {0x2E80, 0xA4CF},
                                                             {0xAC00, 0xD7A3},
                                                             {0xF900, 0xFAFF},
                                                             {0xFE30, 0xFE6F},
                                                             {0xFF01, 0xFF60},
                                                             {0xFFE0, 0xFFE6},
                                                             {0x1F300, 0x1FAFF},
                                                             {0x20000, 0x3FFFD}}};
  return std::any_of(kWide.begin(), kWide.end(),
                     [&](const auto& range) { return character >= range[0] && character <= range[1]; });
}

std::size_t character_width(char32_t character) {
  const bool combining =
      (character >= 0x300 && character <= 0x36F) || character == 0x200D || (character >= 0xFE00 && character <= 0xFE0F);
  return combining ? 0 : is_wide(character) ? 2 : 1;
}

char ascii_lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// A place where the word stands, and how good it is.
struct Place {
  TokenGroup group;
  bool whole_tokens = false;
  bool same_case = false;
};

std::optional<Place> place_at(const WordSearch& search, const std::string& word, std::size_t start) {
  const std::string_view found = search.text.substr(start, word.size());
  if (!std::equal(found.begin(), found.end(), word.begin(), word.end(),
                  [](char a, char b) { return ascii_lower(a) == ascii_lower(b); })) {
    return std::nullopt;
  }
  const std::size_t end = start + word.size();
  if (cuts_a_word(last_character(search.text.substr(0, start)), first_character(word)) ||
      cuts_a_word(last_character(word), first_character(search.text.substr(end)))) {
    return std::nullopt;
  }
  Place place;
  place.group.word = word;
  place.same_case = found == word;
  std::string_view covered;
  for (std::size_t index = 0; index < search.tokens.size(); ++index) {
    const ByteSpan span = search.tokens[index].span;
    if (span.empty() || span.end <= start || span.start >= end) continue;
    const std::size_t from =
        place.group.token_indices.empty() ? span.start : static_cast<std::size_t>(covered.data() - search.text.data());
    covered = search.text.substr(from, span.end - from);
    place.group.token_indices.push_back(index);
  }
  if (place.group.token_indices.empty()) return std::nullopt;
  while (covered.starts_with(' ')) covered.remove_prefix(1);  // some vocabularies count the space before a word
  place.whole_tokens = covered == found;
  if (!place.whole_tokens) {
    place.group.note = "the model reads '" + word + "' as part of '" + std::string(covered) + "'";
  }
  return place;
}

Result<TokenGroup> numbered_token(const WordSearch& search, const std::string& digits) {
  std::size_t number = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (code != std::errc() || end != digits.data() + digits.size() || number < 1 || number > search.tokens.size()) {
    return Error{ErrorKind::bad_input,
                 "there is no token " + digits + "; the text has tokens 1 to " + std::to_string(search.tokens.size())};
  }
  return TokenGroup{search.tokens[number - 1].label, {number - 1}, ""};
}

}  // namespace

bool goes_on(std::string_view text, ByteSpan span) {
  return cuts_a_word(last_character(text.substr(0, span.start)), first_character(span.of(text)));
}

std::string token_label(std::string_view text, ByteSpan span, std::string_view piece) {
  std::string_view bytes = span.of(text);
  while (!bytes.empty() && static_cast<unsigned char>(bytes.front()) <= ' ') bytes.remove_prefix(1);
  if (bytes.empty()) return piece == "▁" ? "(space)" : std::string(piece);  // "▁" is how vocabularies write a space
  std::string label = goes_on(text, span) ? "…" : "";
  for (const char byte : bytes) label += static_cast<unsigned char>(byte) < ' ' || byte == '\x7F' ? ' ' : byte;
  return label;
}

Result<TokenGroup> find_word(const WordSearch& search, const std::string& word) {
  if (word.empty()) return Error{ErrorKind::bad_input, "an empty word names no token"};
  if (std::all_of(word.begin(), word.end(), [](char byte) { return byte >= '0' && byte <= '9'; })) {
    return numbered_token(search, word);
  }
  std::optional<Place> best;
  std::size_t places = 0;
  for (std::size_t start = search.skip; start + word.size() <= search.text.size(); ++start) {
    auto place = place_at(search, word, start);
    if (!place) continue;
    ++places;
    const auto quality = [](const Place& one) { return (one.whole_tokens ? 2 : 0) + (one.same_case ? 1 : 0); };
    if (!best || quality(*place) > quality(*best)) best = std::move(place);
  }
  if (!best) return Error{ErrorKind::bad_input, "the text has no word '" + word + "'"};
  if (places > 1) {
    best->group.note += (best->group.note.empty() ? "" : "; ") + std::string("'") + word + "' stands in " +
                        std::to_string(places) + " places, one is shown: the number of a token names another";
  }
  return std::move(best->group);
}

std::size_t display_width(std::string_view utf8) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < utf8.size();) columns += character_width(next_character(utf8, at));
  return columns;
}

std::string padded(std::string_view utf8, std::size_t columns) {
  std::string result(utf8);
  std::size_t used = display_width(utf8);
  if (used > columns) {
    used = 0;
    std::size_t at = 0;
    while (at < utf8.size()) {
      std::size_t behind = at;
      const std::size_t width = character_width(next_character(utf8, behind));
      if (used + width + 1 > columns) break;
      used += width;
      at = behind;
    }
    result = std::string(utf8.substr(0, at)) + "…";
    ++used;
  }
  return result.append(columns - used, ' ');
}

}  // namespace attune::explain
