#include "eval/rewrite_tokens.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "attune/text.hpp"

namespace attune {
namespace {

// A code point of valid UTF-8 and its bytes.
struct Character {
  char32_t value = 0;
  std::string_view bytes;
};

Character character_at(std::string_view valid, std::size_t at) {
  const auto lead = static_cast<unsigned char>(valid[at]);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t value = size == 1 ? lead : lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) value = value << 6U | (static_cast<unsigned char>(valid[at + i]) & 0x3FU);
  return {value, valid.substr(at, size)};
}

// As Python's str.split() has it, with which the field's tools are written.
bool is_white_space(char32_t character) {
  constexpr std::array<char32_t, 8> kOthers = {0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F};
  return (character >= 0x09 && character <= 0x0D) || (character >= 0x1C && character <= 0x1F) ||
         (character >= 0x2000 && character <= 0x200A) || character == 0x3000 ||
         std::ranges::find(kOthers, character) != kOthers.end();
}

std::vector<std::string> characters(std::string_view valid) {
  std::vector<std::string> tokens;
  for (std::size_t at = 0; at < valid.size();) {
    const Character character = character_at(valid, at);
    at += character.bytes.size();
    if (!is_white_space(character.value)) tokens.emplace_back(character.bytes);
  }
  return tokens;
}

std::vector<std::string> split_at_white_space(std::string_view valid) {
  std::vector<std::string> tokens;
  bool within = false;
  for (std::size_t at = 0; at < valid.size();) {
    const Character character = character_at(valid, at);
    at += character.bytes.size();
    if (is_white_space(character.value)) {
      within = false;
    } else if (within) {
      tokens.back() += character.bytes;
    } else {
      tokens.emplace_back(character.bytes);
      within = true;
    }
  }
  return tokens;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

// mteval-v13a splits off all ASCII punctuation but these four, which numbers and contractions hold together.
bool stands_alone(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  const bool punctuation =
      code > 0x20 && code < 0x7F && !is_digit(byte) && !(byte >= 'a' && byte <= 'z') && !(byte >= 'A' && byte <= 'Z');
  return punctuation && byte != '\'' && byte != ',' && byte != '-' && byte != '.';
}

bool is_stop(char byte) {
  return byte == '.' || byte == ',';
}

// One of mteval-v13a's replacements: each pair of neighbouring bytes that matches gets spaces around its stop or dash.
// Pairs never overlap, as in a regular expression's. Bytes do for characters: what is not ASCII is never looked at.
template <typename Matches>
std::string space_out(std::string_view text, std::string_view before, std::string_view after, Matches matches) {
  std::string spaced;
  spaced.reserve(text.size() + text.size() / 4);
  for (std::size_t at = 0; at < text.size();) {
    if (at + 1 < text.size() && matches(text[at], text[at + 1])) {
      spaced.append(before).append(1, text[at]).append(" ").append(1, text[at + 1]).append(after);
      at += 2;
    } else {
      spaced += text[at++];
    }
  }
  return spaced;
}

std::string mteval_13a(std::string text) {
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  replace_all(text, "\n", " ");
  for (const auto& [from, to] : {std::pair{"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}}) {
    replace_all(text, from, to);
  }
  std::string spaced = " ";
  for (const char byte : text) {
    if (stands_alone(byte)) {
      spaced.append(" ").append(1, byte).append(" ");
    } else {
      spaced += byte;
    }
  }
  spaced += " ";
  spaced = space_out(spaced, "", " ", [](char left, char right) { return !is_digit(left) && is_stop(right); });
  spaced = space_out(spaced, " ", "", [](char left, char right) { return is_stop(left) && !is_digit(right); });
  return space_out(spaced, "", " ", [](char left, char right) { return is_digit(left) && right == '-'; });
}

}  // namespace

bool written_without_spaces(std::string_view language) {
  constexpr std::array<std::string_view, 6> kTags = {"zh", "ja", "th", "lo", "km", "my"};
  return std::ranges::find(kTags, language.substr(0, language.find('-'))) != kTags.end();
}

std::vector<std::string> bleu_tokens(std::string_view utf8, bool without_spaces) {
  std::string lower = text::lower_case(utf8);
  return without_spaces ? characters(lower) : split_at_white_space(mteval_13a(std::move(lower)));
}

std::vector<std::string> plain_words(std::string_view utf8, bool without_spaces) {
  const std::string lower = text::lower_case(utf8);
  if (without_spaces) return characters(lower);
  std::vector<std::string> words;
  for (const ByteSpan& run : text::word_runs(lower)) words.emplace_back(run.of(lower));
  return words;
}

}  // namespace attune
