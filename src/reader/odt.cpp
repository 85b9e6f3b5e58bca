// ODT, and with it ODS and ODP (OpenDocument): headings by outline level, paragraphs, lists, tables, notes and text
// boxes in the order of reading; a page per sheet or slide. Tracked deletions, comments and tables of contents are not
// part of the text.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "attune/text.hpp"

#include "reader/archive.hpp"
#include "reader/docx_styles.hpp"
#include "reader/format.hpp"
#include "reader/language_tag.hpp"
#include "reader/office_table.hpp"
#include "reader/ooxml.hpp"
#include "reader/text_builder.hpp"
#include "reader/xml_text.hpp"

namespace attune::reader {
namespace {

constexpr int kMaxColumns = 512;
constexpr int kMaxSpaces = 256;   // of one <text:s>
constexpr int kDeepestBase = 32;  // of styles that take after styles; also ends loops
constexpr int kDeepestHeading = 6;

// "Heading 1" for "Heading_20_1", as style names are escaped.
std::string unescaped_name(std::string_view name) {
  std::string plain;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool space = name.substr(i).starts_with("_20_");
    plain += space ? ' ' : name[i];
    if (space) i += 3;
  }
  return plain;
}

class OdtStyles {
 public:
  void add(const pugi::xml_node& styles) {
    for (const pugi::xml_node& each : styles.children()) {
      if (local_name(each) != "style") continue;
      if (value(child(each, "table-properties"), "display") == "false") hidden_.emplace(value(each, "name"));
      if (value(each, "family") != "paragraph") continue;
      parents_.insert_or_assign(std::string(value(each, "name")), std::string(value(each, "parent-style-name")));
    }
  }

  // The style of a table that is not shown.
  [[nodiscard]] bool hides(std::string_view table_style) const { return hidden_.contains(table_style); }

  [[nodiscard]] DocxStyle find(std::string_view name) const {
    for (int depth = 0; !name.empty() && depth < kDeepestBase; ++depth) {
      const DocxStyle style = style_by_name(unescaped_name(name));
      if (style.role != DocxRole::body) return style;
      const auto parent = parents_.find(name);
      name = parent == parents_.end() ? std::string_view() : parent->second;
    }
    return {};
  }

 private:
  std::map<std::string, std::string, std::less<>> parents_;
  std::set<std::string, std::less<>> hidden_;
};

// A paragraph's words, and what hangs on it and follows it.
struct Paragraph {
  std::string text;
  std::vector<pugi::xml_node> hanging;
};

class OdtReader {
 public:
  OdtReader(const Input& input, Archive& archive)
      : input_(input), archive_(archive), builder_(input.options.max_text_bytes) {}

  Result<ExtractedText> read() {
    const Result<XmlPart> content = read_xml(archive_, "content.xml", input_.options);
    if (!content) return content.error();
    const pugi::xml_node root = child(**content, "document-content");
    if (!root) return Error{ErrorKind::bad_input, "'content.xml' is not an OpenDocument text"};
    if (Status status = check_version(value(root, "version")); !status) return status.error();
    read_metadata();
    read_styles();
    styles_.add(child(root, "automatic-styles"));
    const pugi::xml_node body = child(root, "body");
    if (const pugi::xml_node text = child(body, "text")) add_blocks(text);
    for (const pugi::xml_node& sheet : child(body, "spreadsheet").children()) {
      if (local_name(sheet) == "table") add_sheet(sheet);
    }
    for (const pugi::xml_node& slide : child(body, "presentation").children()) {
      if (local_name(slide) == "page") add_slide(slide);
    }
    flush_code();
    if (input_.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
    if (is_made_up_title(builder_.result().title)) builder_.result().title = title_;
    return builder_.finish();
  }

 private:
  static Status check_version(std::string_view version) {
    if (version.empty() || version.starts_with("1.")) return {};  // 1.0 did not have to state it
    return Error{ErrorKind::unsupported,
                 "it is written in OpenDocument version " + one_line(version) + "; versions 1.0 to 1.4 can be read"};
  }

  void note(std::string text) { builder_.result().notes.push_back(std::move(text)); }

  void read_metadata() {
    if (!archive_.has("meta.xml")) return;
    const Result<XmlPart> part = read_xml(archive_, "meta.xml", input_.options);
    if (!part) return note("the document's properties could not be read: " + part.error().text);
    const pugi::xml_node meta = child(child(**part, "document-meta"), "meta");
    const auto property = [&](std::string_view name) { return text_below(child(meta, name)); };
    ExtractedText& result = builder_.result();
    result.title = property("title");
    result.language = primary_language(property("language"));
    const std::string author = property("initial-creator");
    set_metadata(result, "author", author.empty() ? property("creator") : author);
    set_metadata(result, "subject", property("subject"));
    set_metadata(result, "description", property("description"));
    set_metadata(result, "created", property("creation-date"));
    const std::string modified = property("date");
    set_metadata(result, "date", modified.empty() ? property("creation-date") : modified);
    std::string keywords;
    for (const pugi::xml_node& each : meta.children()) {
      if (local_name(each) == "keyword") keywords += (keywords.empty() ? "" : ", ") + text_below(each);
    }
    set_metadata(result, "keywords", keywords);
  }

  void read_styles() {
    if (!archive_.has("styles.xml")) return;
    const Result<XmlPart> part = read_xml(archive_, "styles.xml", input_.options);
    if (!part) return note("the styles could not be read: " + part.error().text);
    styles_.add(child(child(**part, "document-styles"), "styles"));
  }

  bool done() { return builder_.full() || input_.stop.stop_requested(); }

  void add_blocks(const pugi::xml_node& parent, BlockKind plain = BlockKind::paragraph) {
    for (const pugi::xml_node& node : parent.children()) {
      if (done()) return;
      const std::string_view name = local_name(node);
      if (name == "h") {
        add_heading(node);
      } else if (name == "p") {
        add_paragraph(node, plain);
      } else if (name == "list") {
        add_blocks(node, BlockKind::list_item);
      } else if (name == "table") {
        add_table_blocks(node);
      } else if (!is_left_out(name)) {
        add_blocks(node, plain);  // sections, list items, frames, shapes
      }
    }
  }

  static bool is_left_out(std::string_view name) {
    return name == "tracked-changes" || name == "table-of-content" || name == "illustration-index" ||
           name == "table-index" || name == "object-index" || name == "alphabetical-index" || name == "annotation" ||
           name == "notes" || name == "index-title";
  }

  void add_heading(const pugi::xml_node& node) {
    flush_code();
    Paragraph paragraph;
    collect(node, paragraph);
    const std::string text = one_line(paragraph.text);
    if (title_.empty()) title_ = text;
    builder_.add_heading(std::clamp(int_value(value(node, "outline-level"), 1), 1, kDeepestHeading), text, page_);
    add_hanging(paragraph);
  }

  void add_paragraph(const pugi::xml_node& node, BlockKind plain) {
    Paragraph paragraph;
    collect(node, paragraph);
    const std::string text = text::to_valid_utf8(paragraph.text);
    const DocxStyle style = styles_.find(value(node, "style-name"));
    if (style.role == DocxRole::code) {
      code_ += text + "\n";
    } else {
      flush_code();
      if (style.role == DocxRole::title || style.role == DocxRole::heading) {
        if (title_.empty()) title_ = one_line(text);
        builder_.add_heading(style.level, one_line(text), page_);
      } else {
        const bool quote = style.role == DocxRole::quote && plain == BlockKind::paragraph;
        builder_.add(quote ? BlockKind::quote : plain, text, page_);
      }
    }
    add_hanging(paragraph);
  }

  void flush_code() { builder_.add(BlockKind::code, std::exchange(code_, {}), page_); }

  void add_hanging(const Paragraph& paragraph) {
    if (paragraph.hanging.empty()) return;
    flush_code();
    for (const pugi::xml_node& each : paragraph.hanging) add_blocks(each);
  }

  // Runs of white space count as one space; what shall stay is written as <text:s/>.
  static void append_flow(std::string_view piece, std::string& text) {
    for (const char c : piece) {
      const bool space = c == ' ' || (c >= '\t' && c <= '\r');
      if (!space) {
        text += c;
      } else if (!text.empty() && text.back() != ' ' && text.back() != '\n') {
        text += ' ';
      }
    }
  }

  void collect(const pugi::xml_node& node, Paragraph& paragraph) {
    for (const pugi::xml_node& each : node.children()) {
      const std::string_view name = local_name(each);
      if (each.type() == pugi::node_pcdata || each.type() == pugi::node_cdata) {
        append_flow(each.value(), paragraph.text);
      } else if (name == "s") {
        const int count = std::clamp(int_value(value(each, "c"), 1), 1, kMaxSpaces);
        paragraph.text.append(static_cast<std::size_t>(count), ' ');
      } else if (name == "tab") {
        paragraph.text += ' ';
      } else if (name == "line-break") {
        paragraph.text += '\n';
      } else if (name == "note") {
        paragraph.hanging.push_back(child(each, "note-body"));
      } else if (name == "frame" || name == "custom-shape" || name == "g" || name == "rect") {
        paragraph.hanging.push_back(each);
      } else if (name != "annotation" && name != "ruby-text") {
        collect(each, paragraph);
      }
    }
  }

  static void collect_rows(const pugi::xml_node& parent, std::vector<pugi::xml_node>& rows) {
    for (const pugi::xml_node& each : parent.children()) {
      const std::string_view name = local_name(each);
      if (name == "table-row") {
        rows.push_back(each);
      } else if (name == "table-header-rows" || name == "table-rows" || name == "table-row-group") {
        collect_rows(each, rows);
      }
    }
  }

  void add_table_blocks(const pugi::xml_node& table) {
    flush_code();
    std::vector<pugi::xml_node> rows;
    collect_rows(table, rows);
    const bool one_column =
        std::ranges::all_of(rows, [](const pugi::xml_node& row) { return std::ranges::distance(row.children()) == 1; });
    if (one_column && page_ == 0) {
      for (const pugi::xml_node& row : rows) add_blocks(row);  // only serves the layout
      return;
    }
    OfficeTable blocks(builder_, page_, static_cast<bool>(child(table, "table-header-rows")));
    Paragraph hanging;
    for (const pugi::xml_node& row : rows) {
      if (done()) break;
      blocks.add(read_row(row, hanging));
    }
    blocks.finish();
    add_hanging(hanging);
  }

  Cells read_row(const pugi::xml_node& row, Paragraph& hanging) {
    Cells cells;
    int empty = 0;  // held back: sheets end in thousands of them
    for (const pugi::xml_node& cell : row.children()) {
      const std::string_view name = local_name(cell);
      if (name != "table-cell" && name != "covered-table-cell") continue;
      const int repeated = std::clamp(int_value(value(cell, "number-columns-repeated"), 1), 1, kMaxColumns);
      const std::string text = cell_text(cell, hanging);
      if (text.empty()) {
        empty = std::min(empty + repeated, kMaxColumns);
        continue;
      }
      const std::size_t filled = cells.size() + static_cast<std::size_t>(empty);
      if (filled + static_cast<std::size_t>(repeated) > kMaxColumns) break;
      cells.resize(filled);
      cells.insert(cells.end(), static_cast<std::size_t>(repeated), text);
      empty = 0;
    }
    return cells;
  }

  // All paragraphs of a cell on one line, lists and nested tables included.
  std::string cell_text(const pugi::xml_node& cell, Paragraph& hanging) {
    std::string text;
    for (const pugi::xml_node& each : cell.children()) {
      const std::string_view name = local_name(each);
      if (name == "p" || name == "h") {
        Paragraph paragraph;
        collect(each, paragraph);
        text += ' ' + paragraph.text;
        hanging.hanging.insert(hanging.hanging.end(), paragraph.hanging.begin(), paragraph.hanging.end());
      } else if (!is_left_out(name)) {
        text += ' ' + cell_text(each, hanging);
      }
    }
    return one_line(text);
  }

  void add_sheet(const pugi::xml_node& sheet) {
    ++page_;
    const std::string name = one_line(value(sheet, "name"));
    if (styles_.hides(value(sheet, "style-name"))) return note("the hidden sheet '" + name + "' was left out");
    builder_.add_heading(1, name, page_);
    add_table_blocks(sheet);
  }

  void add_slide(const pugi::xml_node& slide) {
    ++page_;
    const auto is_title = [](const pugi::xml_node& frame) { return value(frame, "class") == "title"; };
    Paragraph hanging;
    std::string title = cell_text(slide.find_child(is_title), hanging);
    if (title.empty()) title = "Slide " + std::to_string(page_);
    if (title_.empty()) title_ = title;
    builder_.add_heading(1, title, page_);
    for (const pugi::xml_node& each : slide.children()) {
      const bool notes = local_name(each) == "notes";
      if (!is_title(each) && !notes) add_blocks_of(each);
    }
    for (const pugi::xml_node& frame : child(slide, "notes").children()) {
      if (value(frame, "class") == "notes") add_blocks_of(frame);
    }
    flush_code();
  }

  // Like add_blocks, for one shape that may itself be a table or a paragraph's parent.
  void add_blocks_of(const pugi::xml_node& node) {
    if (!is_left_out(local_name(node))) add_blocks(node);
  }

  const Input& input_;
  Archive& archive_;
  TextBuilder builder_;
  OdtStyles styles_;
  std::string code_;   // paragraphs of a listing that has not ended yet
  std::string title_;  // the first heading
  int page_ = 0;
};

// What the member "mimetype" says, and whether this reader can read that.
Status check_kind(std::string_view type) {
  constexpr std::string_view kOpenDocument = "application/vnd.oasis.opendocument.";
  if (type.starts_with("application/vnd.sun.xml.")) {
    return Error{ErrorKind::unsupported, "it is in the format of OpenOffice.org 1.x; save it as .odt"};
  }
  if (!type.starts_with(kOpenDocument)) {
    return Error{ErrorKind::bad_input, "the archive is not an OpenDocument file"};
  }
  const std::string_view kind = type.substr(kOpenDocument.size());
  if (kind.starts_with("text") || kind.starts_with("spreadsheet") || kind.starts_with("presentation")) return {};
  return Error{ErrorKind::unsupported, "it is an OpenDocument file of the kind '" + one_line(kind) +
                                           "'; texts, spreadsheets and presentations can be read"};
}

}  // namespace

Result<ExtractedText> read_odt(const Input& input) {
  if (Status status = check_not_old_office(input.bytes, ".odt"); !status) return status.error();
  Result<Archive> archive = Archive::open(input.bytes, input.options);
  if (!archive) return archive.error();
  if (!archive->has("mimetype")) return Error{ErrorKind::bad_input, "the archive is not an OpenDocument file"};
  const Result<std::string> type = archive->read("mimetype");
  if (!type) return type.error();
  if (Status status = check_kind(*type); !status) return status.error();
  if (archive->has("META-INF/manifest.xml")) {
    const Result<std::string> manifest = archive->read("META-INF/manifest.xml");
    if (!manifest) return manifest.error();
    if (manifest->find("encryption-data") != std::string::npos) {
      return Error{ErrorKind::unsupported, "the file is protected by a password; save it without one"};
    }
  }
  return OdtReader(input, *archive).read();
}

}  // namespace attune::reader
