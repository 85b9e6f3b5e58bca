#include "reader/flow_text.hpp"

#include <algorithm>
#include <utility>

namespace attune::reader {
namespace {

constexpr std::string_view kSpace = " \t\n\r\f\v";

// The code point that begins at the head of `utf8`, which is valid and not empty.
char32_t first_code_point(std::string_view utf8) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(utf8[i]); };
  if (byte(0) < 0x80) return byte(0);
  const std::size_t length = byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (utf8.size() < length) return 0xFFFD;
  char32_t value = byte(0) & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = (value << 6U) | (byte(i) & 0x3FU);
  return value;
}

char32_t last_code_point(std::string_view utf8) {
  std::size_t at = utf8.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(utf8[at]) & 0xC0U) == 0x80U) --at;
  return first_code_point(utf8.substr(at));
}

bool is_cjk_punctuation(char32_t c) {
  return (c >= 0x3001 && c <= 0x303F) || (c >= 0xFF01 && c <= 0xFF0F) || (c >= 0xFF1A && c <= 0xFF20);
}

// Scripts that are written without spaces between words.
bool is_unspaced(char32_t c) {
  return (c >= 0x2E80 && c <= 0x30FF) || (c >= 0x31F0 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFF01 && c <= 0xFF9F) || (c >= 0x20000 && c <= 0x3FFFF);
}

bool joins_without_space(char32_t before, char32_t after) {
  return (is_unspaced(before) && is_unspaced(after)) || is_cjk_punctuation(before) || is_cjk_punctuation(after);
}

constexpr std::size_t kShortestWrappedLine = 45;  // bytes; nobody wraps narrower

bool starts_item(std::string_view line) {
  if (line.empty() || line.front() == ' ' || line.front() == '\t') return true;
  if (std::string_view("-*+>#|").find(line.front()) != std::string_view::npos) return true;
  if (line.starts_with("•")) return true;
  const auto digits = line.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string_view::npos && (line[digits] == '.' || line[digits] == ')');
}

}  // namespace

void FlowText::close_gap(std::string_view next) {
  const Gap gap = std::exchange(gap_, Gap::none);
  if (gap == Gap::none || text_.empty() || text_.back() == '\n') return;
  if (gap == Gap::line) {
    text_ += '\n';
  } else if (gap == Gap::space || !joins_without_space(last_code_point(text_), first_code_point(next))) {
    text_ += ' ';
  }
}

void FlowText::add(std::string_view piece) {
  while (!piece.empty()) {
    const auto word = piece.find_first_not_of(kSpace);
    const std::string_view gap = piece.substr(0, word);
    if (!gap.empty() && gap_ != Gap::line) {
      const bool wrapped = gap.find('\n') != std::string_view::npos;
      gap_ = wrapped || gap_ == Gap::wrap ? Gap::wrap : Gap::space;
    }
    if (word == std::string_view::npos) return;
    piece.remove_prefix(word);
    const std::string_view next = piece.substr(0, piece.find_first_of(kSpace));
    close_gap(next);
    text_ += next;
    piece.remove_prefix(next.size());
  }
}

void FlowText::line_break() {
  gap_ = Gap::line;
}

std::string FlowText::take() {
  gap_ = Gap::none;
  return std::exchange(text_, {});
}

std::string as_flow(std::string_view text) {
  FlowText flow;
  flow.add(text);
  return flow.take();
}

std::string unwrapped(std::string_view paragraph) {
  std::size_t longest = 0;
  for (std::string_view rest = paragraph; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    longest = std::max(longest, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string result;
  FlowText flow;
  while (!paragraph.empty()) {
    const auto end = std::min(paragraph.find('\n'), paragraph.size());
    const std::string_view line = paragraph.substr(0, end);
    paragraph.remove_prefix(std::min(end + 1, paragraph.size()));
    // Indentation at the head of a kept line says what it belongs to.
    if (flow.empty()) result += line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
    flow.add(line);
    const std::size_t next_word = std::min(paragraph.find_first_of(" \n"), paragraph.size());
    const bool was_full = longest >= kShortestWrappedLine && (end + 1 + next_word) * 10 > longest * 9;
    if (!paragraph.empty() && was_full && !starts_item(paragraph)) {
      flow.add("\n");
      continue;
    }
    result += flow.take();
    if (!paragraph.empty()) result += '\n';
  }
  return result;
}

}  // namespace attune::reader
