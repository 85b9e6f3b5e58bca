#include "pipeline/word_tokenizer.hpp"

namespace attune::pipeline {
namespace {

constexpr std::size_t kLettersPerToken = 4;

bool is_space(char byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}
bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}
// Lead bytes E3 … EA and F0 … start nearly all of Han, Kana and Hangul.
bool starts_wide_character(char byte) {
  return static_cast<unsigned char>(byte) >= 0xE3U;
}

}  // namespace

Encoding WordTokenizer::encode(std::string_view text) const {
  Encoding encoding;
  std::size_t letters = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_continuation(text[at])) continue;
    if (is_space(text[at])) {
      letters = 0;
      continue;
    }
    const bool wide = starts_wide_character(text[at]);
    if (wide || letters % kLettersPerToken == 0) {
      encoding.ids.push_back(0);
      encoding.offsets.push_back({at, at});
    }
    letters = wide ? 0 : letters + 1;
    encoding.offsets.back().end = at + 1;
  }
  for (ByteSpan& span : encoding.offsets) {
    while (span.end < text.size() && is_continuation(text[span.end])) ++span.end;
  }
  return encoding;
}

std::size_t WordTokenizer::count(std::string_view text) const {
  return encode(text).ids.size();
}

std::string_view WordTokenizer::piece(std::int32_t /*id*/) const {
  return "?";
}

}  // namespace attune::pipeline
