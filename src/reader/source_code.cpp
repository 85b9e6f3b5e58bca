// Source code and configuration: everything is kept, cut into blocks where a programmer would: at blank lines before
// something that starts at the margin.
#include <algorithm>
#include <cctype>
#include <string>

#include "attune/text.hpp"

#include "reader/format.hpp"
#include "reader/source_lines.hpp"
#include "reader/text_builder.hpp"

namespace attune::reader {
namespace {

constexpr int kFewestLines = 6;  // of a block, unless the file ends: short ones stay with their neighbour
constexpr int kMostLines = 60;   // then the next blank line will do, whatever its indentation
constexpr int kHardLimit = 200;  // then any line

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\f\v") == std::string_view::npos;
}

// A closing bracket or an "else" at the margin belongs to what stands above it.
bool starts_something(std::string_view line) {
  constexpr std::string_view kClosing = " \t})];";
  return !line.empty() && kClosing.find(line.front()) == std::string_view::npos && !line.starts_with("end");
}

}  // namespace

Result<ExtractedText> read_source_code(const Input& input) {
  Result<text::Decoded> decoded = text::decode(input.bytes);
  if (!decoded) return decoded.error();
  TextBuilder builder(input.options.max_text_bytes);
  note_decoding(*decoded, builder.result());
  const std::string_view whole = decoded->utf8;
  SourceLines lines(whole);
  std::size_t start = 0;
  int start_line = 1;
  bool after_blank = false;
  while (lines.next()) {
    if (input.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
    const int length = lines.number() - start_line;
    const bool good_place = after_blank && (starts_something(lines.text()) || length >= kMostLines);
    if ((good_place && length >= kFewestLines) || length >= kHardLimit) {
      builder.add(BlockKind::code, whole.substr(start, lines.start() - start), 0, start_line);
      start = lines.start();
      start_line = lines.number();
    }
    after_blank = is_blank(lines.text());
    // Blank lines at the head of a block are taken off, so its first line is the first that is not blank.
    if (after_blank && start_line == lines.number()) {
      start = std::min(lines.end() + 1, whole.size());
      start_line = lines.number() + 1;
    }
  }
  builder.add(BlockKind::code, whole.substr(start), 0, start_line);
  return builder.finish();
}

}  // namespace attune::reader
