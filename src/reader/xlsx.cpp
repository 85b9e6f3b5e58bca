// XLSX (SpreadsheetML): one page per sheet, one row of a table per row, each cell behind its column's name. Cells carry
// what the sheet shows, as the program that saved it last computed it; formulas and comments are not part of the text.
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "reader/office_table.hpp"
#include "reader/ooxml.hpp"
#include "reader/text_builder.hpp"
#include "reader/xlsx_numbers.hpp"
#include "reader/xml_text.hpp"

namespace attune::reader {
namespace {

constexpr int kMaxRows = 200'000;  // of one sheet
constexpr int kMaxColumns = 512;
constexpr int kMaxSheets = 1'000;

// 0 for "A7", 27 for "AB7"; -1 where there are no letters.
int column_of(std::string_view reference) {
  int column = 0;
  for (const char c : reference) {
    if (c < 'A' || c > 'Z' || column > kMaxColumns) break;
    column = column * 26 + (c - 'A' + 1);
  }
  return column - 1;
}

// A shared or inline string: its runs without the readings that East Asian text carries.
std::string rich_text(const pugi::xml_node& node) {
  std::string text;
  for (const pugi::xml_node& each : node.children()) {
    const std::string_view name = local_name(each);
    if (name == "t") text += text_with_ends(each);
    if (name == "r") text += text_with_ends(child(each, "t"));
  }
  return one_line(text);
}

class XlsxReader {
 public:
  XlsxReader(const Input& input, OfficePackage& package)
      : input_(input), package_(package), builder_(input.options.max_text_bytes) {}

  Result<ExtractedText> read() {
    read_core_properties(package_, input_.options, builder_.result());
    const Result<XmlPart> part = read_xml(package_.archive, package_.main_part, input_.options);
    if (!part) return part.error();
    const pugi::xml_node workbook = child(**part, "workbook");
    const std::string_view epoch = value(child(workbook, "workbookPr"), "date1904");
    since_1904_ = epoch == "1" || epoch == "true";
    if (Status status = read_shared_strings(); !status) return status.error();
    if (Status status = read_styles(); !status) return status.error();
    for (const pugi::xml_node& sheet : child(workbook, "sheets").children()) {
      if (builder_.full()) break;
      if (++page_ > kMaxSheets) {
        note("only the first " + std::to_string(kMaxSheets) + " sheets were read");
        break;
      }
      if (Status status = add_sheet(sheet); !status) return status.error();
    }
    if (input_.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
    return builder_.finish();
  }

 private:
  void note(std::string text) { builder_.result().notes.push_back(std::move(text)); }

  Status read_shared_strings() {
    const std::string name = target_of_type(package_.relationships, "sharedStrings");
    if (name.empty() || !package_.archive.has(name)) return {};
    const Result<XmlPart> part = read_xml(package_.archive, name, input_.options);
    if (!part) return part.error();
    for (const pugi::xml_node& each : child(**part, "sst").children()) {
      if (local_name(each) == "si") shared_strings_.push_back(rich_text(each));
    }
    return {};
  }

  Status read_styles() {
    const std::string name = target_of_type(package_.relationships, "styles");
    if (name.empty() || !package_.archive.has(name)) return {};
    const Result<XmlPart> part = read_xml(package_.archive, name, input_.options);
    if (!part) return part.error();
    formats_ = CellFormats(child(**part, "styleSheet"));
    return {};
  }

  Status add_sheet(const pugi::xml_node& entry) {
    const std::string name = one_line(value(entry, "name"));
    if (const std::string_view state = value(entry, "state"); state == "hidden" || state == "veryHidden") {
      note("the hidden sheet '" + name + "' was left out");
      return {};
    }
    std::string_view id;
    for (const pugi::xml_attribute& each : entry.attributes()) {
      if (std::string_view(each.name()).ends_with(":id")) id = each.value();
    }
    const auto found = package_.relationships.find(id);
    if (found == package_.relationships.end()) {
      return Error{ErrorKind::bad_input, "the workbook names the sheet '" + name + "', which is not in the file"};
    }
    if (found->second.type != "worksheet") return {};  // a chart or a dialog
    const Result<XmlPart> part = read_xml(package_.archive, found->second.target, input_.options);
    if (!part) return part.error().while_doing("sheet '" + name + "'");
    builder_.add_heading(1, name, page_);
    add_rows(child(child(**part, "worksheet"), "sheetData"), name);
    return {};
  }

  void add_rows(const pugi::xml_node& data, const std::string& sheet) {
    OfficeTable table(builder_, page_);
    int rows = 0;
    too_wide_ = false;
    for (const pugi::xml_node& row : data.children()) {
      if (builder_.full() || input_.stop.stop_requested()) break;
      if (++rows > kMaxRows) {
        note("sheet '" + sheet + "': only the first " + std::to_string(kMaxRows) + " rows were read");
        break;
      }
      table.add(read_row(row));
    }
    table.finish();
    if (too_wide_)
      note("sheet '" + sheet + "': columns after the first " + std::to_string(kMaxColumns) + " were left out");
  }

  Cells read_row(const pugi::xml_node& row) {
    Cells cells;
    int column = -1;
    for (const pugi::xml_node& cell : row.children()) {
      if (local_name(cell) != "c") continue;
      const int stated = column_of(value(cell, "r"));
      column = stated >= 0 ? stated : column + 1;
      if (column >= kMaxColumns) {
        too_wide_ = true;
        break;
      }
      const auto at = static_cast<std::size_t>(column);
      if (cells.size() <= at) cells.resize(at + 1);
      cells[at] = cell_text(cell);
    }
    return cells;
  }

  std::string cell_text(const pugi::xml_node& cell) {
    const std::string_view type = value(cell, "t");
    if (type == "inlineStr") return rich_text(child(cell, "is"));
    const std::string content = one_line(child(cell, "v").text().get());
    if (content.empty() || type == "e") return {};  // "#DIV/0!" tells nothing
    if (type == "b") return content == "1" ? "TRUE" : "FALSE";
    if (type == "s") {
      const int index = int_value(content, -1);
      const auto at = static_cast<std::size_t>(index);
      return index >= 0 && at < shared_strings_.size() ? shared_strings_[at] : std::string();
    }
    if (!type.empty() && type != "n") return content;  // "str", "d"
    double number = 0;
    const auto [end, failure] = std::from_chars(content.data(), content.data() + content.size(), number);
    if (failure != std::errc() || end != content.data() + content.size()) return content;
    return show_number(number, formats_.find(int_value(value(cell, "s"), 0)), since_1904_);
  }

  const Input& input_;
  OfficePackage& package_;
  TextBuilder builder_;
  std::vector<std::string> shared_strings_;
  CellFormats formats_;
  int page_ = 0;
  bool since_1904_ = false;
  bool too_wide_ = false;
};

}  // namespace

Result<ExtractedText> read_xlsx(const Input& input) {
  Result<OfficePackage> package = open_office(input, kExcel);
  if (!package) return package.error();
  return XlsxReader(input, *package).read();
}

}  // namespace attune::reader
