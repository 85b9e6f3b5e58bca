#include "reader/text_builder.hpp"

#include <algorithm>
#include <utility>

namespace attune::reader {
namespace {

std::string_view trimmed(std::string_view text, bool keep_indent) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const auto end = text.find_last_not_of(kSpace);
  if (end == std::string_view::npos) return {};
  text = text.substr(0, end + 1);
  if (!keep_indent) return text.substr(text.find_first_not_of(kSpace));
  // Code keeps the indentation of its first line; only empty lines above it go.
  const auto first = text.find_first_not_of(kSpace);
  const auto line_start = text.rfind('\n', first);
  return line_start == std::string_view::npos ? text : text.substr(line_start + 1);
}

bool is_utf8_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

// Rows of one table and items of one list stand on consecutive lines.
bool stands_close(BlockKind before, BlockKind after) {
  return before == after && (after == BlockKind::table_row || after == BlockKind::list_item);
}

}  // namespace

void TextBuilder::add_block(Block block, std::string_view text) {
  text = trimmed(text, block.kind == BlockKind::code);
  if (text.empty() || full_) return;
  if (text.find('\0') != std::string_view::npos) {
    std::string without_nul(text);
    std::ranges::replace(without_nul, '\0', ' ');
    add_block(block, without_nul);
    return;
  }
  std::string& whole = result_.text;
  if (!whole.empty()) whole += stands_close(result_.blocks.back().kind, block.kind) ? "\n" : "\n\n";
  if (whole.size() + text.size() > max_bytes_) {
    full_ = true;
    std::size_t room = max_bytes_ > whole.size() ? max_bytes_ - whole.size() : 0;
    while (room > 0 && is_utf8_continuation(text[room])) --room;
    text = text.substr(0, room);
    const bool whole_mebibytes = max_bytes_ >= 1U << 20U;
    result_.notes.push_back("only the first " + std::to_string(whole_mebibytes ? max_bytes_ >> 20U : max_bytes_) +
                            (whole_mebibytes ? " MiB" : " bytes") + " of the text were kept");
    if (text.empty()) return;
  }
  block.span = {whole.size(), whole.size() + text.size()};
  whole += text;
  result_.blocks.push_back(block);
}

ExtractedText TextBuilder::finish() {
  return std::exchange(result_, {});
}

}  // namespace attune::reader
