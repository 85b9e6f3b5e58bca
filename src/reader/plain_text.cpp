// Plain text: paragraphs between blank lines, the first line as the title where it looks like one.
#include "attune/text.hpp"

#include "reader/flow_text.hpp"
#include "reader/format.hpp"
#include "reader/source_lines.hpp"
#include "reader/text_builder.hpp"

namespace attune::reader {
namespace {

constexpr std::size_t kLongestTitle = 120;  // bytes
// A file without blank lines (a log, a list) is cut after this many lines, so that each block keeps a useful line
// number.
constexpr int kMostLines = 40;

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\f\v") == std::string_view::npos;
}

// A short line of its own, not a sentence, not a list item, not a log entry.
bool looks_like_title(std::string_view line, bool followed_by_blank) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || line.size() > kLongestTitle || !followed_by_blank) return false;
  constexpr std::string_view kNoTitleStart = "-*#[{<>|=+";
  if (kNoTitleStart.find(line[first]) != std::string_view::npos) return false;
  const auto last = line[line.find_last_not_of(" \t")];
  return last != '.' && last != ',' && last != ';' && last != ':' && !line.ends_with("。") && !line.ends_with("，");
}

}  // namespace

Result<ExtractedText> read_plain_text(const Input& input) {
  Result<text::Decoded> decoded = text::decode(input.bytes);
  if (!decoded) return decoded.error();
  TextBuilder builder(input.options.max_text_bytes);
  note_decoding(*decoded, builder.result());
  SourceLines lines(decoded->utf8);
  std::size_t start = 0;  // of the open paragraph
  int start_line = 0;     // 0: none is open
  bool first = true;
  const auto close = [&](std::size_t end) {
    if (start_line == 0) return;
    builder.add(BlockKind::paragraph, unwrapped(std::string_view(decoded->utf8).substr(start, end - start)), 0,
                start_line);
    start_line = 0;
  };
  while (lines.next()) {
    if (input.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
    if (is_blank(lines.text())) {
      close(lines.start());
      continue;
    }
    if (start_line == 0) {
      start = lines.start();
      start_line = lines.number();
    } else if (lines.number() - start_line >= kMostLines) {
      close(lines.start());
      start = lines.start();
      start_line = lines.number();
    }
    if (first && looks_like_title(lines.text(), is_blank(lines.following()))) builder.result().title = lines.text();
    first = false;
  }
  close(decoded->utf8.size());
  return builder.finish();
}

}  // namespace attune::reader
