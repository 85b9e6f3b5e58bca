// Tables as text (CSV, TSV): one block for each row, with the header before each cell.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "attune/text.hpp"

#include "reader/flow_text.hpp"
#include "reader/format.hpp"
#include "reader/source_lines.hpp"
#include "reader/table_row.hpp"
#include "reader/text_builder.hpp"

namespace attune::reader {
namespace {

constexpr std::size_t kMostColumns = 2000;
constexpr std::size_t kLongestCell = 64U << 10U;  // bytes
constexpr int kLinesToJudge = 20;

struct Row {
  std::vector<std::string> cells;
  int line = 0;
  bool complete = true;  // false: a quoted cell never ends
};

// Walks over the rows. Quoted cells may hold delimiters, line ends and doubled quotes.
class RowReader {
 public:
  RowReader(std::string_view text, char delimiter) : text_(text), delimiter_(delimiter) {}

  bool next(Row& row);
  [[nodiscard]] bool cut_something() const { return cut_; }

 private:
  void read_cell(std::string& cell, bool& complete);
  void add(std::string& cell, char c) {
    if (cell.size() < kLongestCell) {
      cell += c;
    } else {
      cut_ = true;
    }
  }

  std::string_view text_;
  char delimiter_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool cut_ = false;
};

void RowReader::read_cell(std::string& cell, bool& complete) {
  if (at_ < text_.size() && text_[at_] == '"') {
    ++at_;
    for (;; ++at_) {
      if (at_ >= text_.size()) {
        complete = false;
        return;
      }
      if (text_[at_] == '"') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '"') break;
        ++at_;
      }
      if (text_[at_] == '\n') ++line_;
      add(cell, text_[at_]);
    }
    ++at_;
  }
  for (; at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n'; ++at_) add(cell, text_[at_]);
}

bool RowReader::next(Row& row) {
  if (at_ >= text_.size()) return false;
  row = {};
  row.line = line_;
  for (;;) {
    std::string cell;
    read_cell(cell, row.complete);
    if (row.cells.size() < kMostColumns) {
      row.cells.push_back(as_flow(cell));
    } else {
      cut_ = true;
    }
    if (at_ >= text_.size()) return true;
    const bool end_of_row = text_[at_] == '\n';
    ++at_;
    if (!end_of_row) continue;
    ++line_;
    return true;
  }
}

// The delimiter that cuts the first rows into the same number of cells, the most of them.
char find_delimiter(std::string_view text) {
  char best = ',';
  std::size_t best_score = 0;
  for (const char candidate : {',', ';', '\t', '|'}) {
    RowReader reader(text.substr(0, 64U << 10U), candidate);
    Row row;
    std::size_t columns = 0;
    std::size_t agreeing = 0;
    for (int i = 0; i < kLinesToJudge && reader.next(row); ++i) {
      if (columns == 0) columns = row.cells.size();
      if (row.cells.size() == columns) ++agreeing;
    }
    const std::size_t score = columns < 2 ? 0 : agreeing * 1000 + std::min<std::size_t>(columns, 999);
    if (score > best_score) {
      best_score = score;
      best = candidate;
    }
  }
  return best;
}

bool looks_like_number(std::string_view cell) {
  return !cell.empty() && cell.find_first_not_of("0123456789.,+-%eE/: ") == std::string_view::npos;
}

// A header names its columns: no cell is empty, a number, a repetition or a paragraph.
bool is_header(const std::vector<std::string>& cells) {
  if (cells.size() < 2) return false;
  std::vector<std::string> seen(cells);
  std::ranges::sort(seen);
  if (std::ranges::adjacent_find(seen) != seen.end()) return false;
  return std::ranges::none_of(
      cells, [](const std::string& cell) { return cell.empty() || cell.size() > 100 || looks_like_number(cell); });
}

}  // namespace

Result<ExtractedText> read_csv(const Input& input) {
  Result<text::Decoded> decoded = text::decode(input.bytes);
  if (!decoded) return decoded.error();
  TextBuilder builder(input.options.max_text_bytes);
  note_decoding(*decoded, builder.result());
  std::string_view body = decoded->utf8;
  char delimiter = 0;
  // Excel writes "sep=;" above the table.
  if (body.starts_with("sep=") && body.size() > 5 && body[5] == '\n') {
    delimiter = body[4];
  } else {
    delimiter = find_delimiter(body);
  }
  RowReader reader(body, delimiter);
  std::vector<std::string> headers;
  Row row;
  bool first = true;
  while (reader.next(row) && !builder.full()) {
    if (input.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
    if (!row.complete) {
      builder.result().notes.push_back("a quoted cell that begins in the row of line " + std::to_string(row.line) +
                                       " never ends: the file may be cut off");
    }
    if (row.line == 1 && body.starts_with("sep=")) continue;
    if (first && is_header(row.cells)) {
      headers = std::move(row.cells);
    } else {
      builder.add(BlockKind::table_row, self_describing_row(headers, row.cells), 0, row.line);
    }
    first = false;
  }
  // A header alone is all that the table says.
  if (builder.empty()) builder.add(BlockKind::table_row, self_describing_row({}, headers), 0, 1);
  if (reader.cut_something()) {
    builder.result().notes.push_back("cells over " + std::to_string(kLongestCell >> 10U) + " KiB or beyond column " +
                                     std::to_string(kMostColumns) + " were cut");
  }
  return builder.finish();
}

}  // namespace attune::reader
