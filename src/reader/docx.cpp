// DOCX (WordprocessingML): paragraphs, headings by style, lists, tables, text boxes, foot- and endnotes in the order of
// reading. Tracked deletions, comments, field codes, page headers and footers are not part of the text.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "attune/text.hpp"

#include "reader/docx_styles.hpp"
#include "reader/office_table.hpp"
#include "reader/ooxml.hpp"
#include "reader/text_builder.hpp"
#include "reader/xml_text.hpp"

namespace attune::reader {
namespace {

// A paragraph's words, and what hangs on it and follows it.
struct Paragraph {
  std::string text;
  std::vector<pugi::xml_node> text_boxes;
  std::vector<pugi::xml_node> notes;
};

class DocxReader {
 public:
  DocxReader(const Input& input, OfficePackage& package)
      : input_(input), package_(package), builder_(input.options.max_text_bytes) {}

  Result<ExtractedText> read() {
    read_core_properties(package_, input_.options, builder_.result());
    const Result<XmlPart> document = read_xml(package_.archive, package_.main_part, input_.options);
    if (!document) return document.error();
    const pugi::xml_node body = child(child(**document, "document"), "body");
    if (!body) return Error{ErrorKind::bad_input, "the document has no body"};
    const XmlPart styles = optional_part("styles");
    if (styles) styles_ = DocxStyles(child(*styles, "styles"));
    const XmlPart footnotes = optional_part("footnotes");
    if (footnotes) collect_notes(child(*footnotes, "footnotes"), footnotes_);
    const XmlPart endnotes = optional_part("endnotes");
    if (endnotes) collect_notes(child(*endnotes, "endnotes"), endnotes_);
    add_blocks(body);
    flush_code();
    if (input_.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
    ExtractedText& result = builder_.result();
    if (is_made_up_title(result.title)) result.title = title_;
    return builder_.finish();
  }

 private:
  using Notes = std::map<std::string, pugi::xml_node, std::less<>>;

  // A part that the document can be read without; when it is broken, a note says so.
  XmlPart optional_part(std::string_view type) {
    const std::string name = target_of_type(package_.relationships, type);
    if (name.empty() || !package_.archive.has(name)) return nullptr;
    Result<XmlPart> part = read_xml(package_.archive, name, input_.options);
    if (part) return std::move(part).value();
    builder_.result().notes.push_back("the " + std::string(type) + " could not be read: " + part.error().text);
    return nullptr;
  }

  static void collect_notes(const pugi::xml_node& root, Notes& notes) {
    for (const pugi::xml_node& note : root.children()) {
      // "separator" and its kind are the lines that the printed page shows.
      if (const std::string_view type = value(note, "type"); type.empty() || type == "normal") {
        notes.emplace(value(note, "id"), note);
      }
    }
  }

  bool done() { return builder_.full() || input_.stop.stop_requested(); }

  void add_blocks(const pugi::xml_node& parent) {
    for (const pugi::xml_node& node : parent.children()) {
      if (done()) return;
      const std::string_view name = local_name(node);
      if (name == "p") {
        add_paragraph(node);
      } else if (name == "tbl") {
        add_table_blocks(node);
      } else if (name == "AlternateContent") {
        add_blocks(preferred_branch(node));
      } else if (name == "sdt" || name == "sdtContent" || name == "ins" || name == "moveTo" || name == "customXml" ||
                 name == "smartTag") {
        add_blocks(node);
      }
    }
  }

  void add_paragraph(const pugi::xml_node& node) {
    Paragraph paragraph;
    collect(node, paragraph);
    const pugi::xml_node properties = child(node, "pPr");
    DocxStyle style = styles_.find(child_val(properties, "pStyle"));
    if (const int outline = int_value(child_val(properties, "outlineLvl"), 9); outline >= 0 && outline < 6) {
      style = {DocxRole::heading, outline + 1};
    }
    if (const pugi::xml_node numbering = child(properties, "numPr")) {
      style.list = child_val(numbering, "numId") != "0";  // 0 takes the style's numbering away
    }
    if (style.role == DocxRole::code) {
      code_ += text::to_valid_utf8(paragraph.text) + "\n";
    } else {
      flush_code();
      add_text(style, text::to_valid_utf8(paragraph.text));
    }
    add_hanging(paragraph);
  }

  void add_text(const DocxStyle& style, const std::string& text) {
    switch (style.role) {
      case DocxRole::contents:  // repeats the headings
        return;
      case DocxRole::title:
      case DocxRole::heading:
        if (title_.empty()) title_ = one_line(text);
        return builder_.add_heading(style.level, one_line(text));
      case DocxRole::quote:
        return builder_.add(BlockKind::quote, text);
      case DocxRole::code:
      case DocxRole::body:
        return builder_.add(style.list ? BlockKind::list_item : BlockKind::paragraph, text);
    }
  }

  void flush_code() { builder_.add(BlockKind::code, std::exchange(code_, {})); }

  // Text boxes and notes, after the paragraph that they belong to.
  void add_hanging(const Paragraph& paragraph) {
    if (paragraph.text_boxes.empty() && paragraph.notes.empty()) return;
    flush_code();
    for (const pugi::xml_node& box : paragraph.text_boxes) add_blocks(box);
    for (const pugi::xml_node& note : paragraph.notes) {
      // A note that refers to itself would never end.
      if (std::exchange(in_note_, true)) continue;
      add_blocks(note);
      in_note_ = false;
    }
  }

  // The text of the runs below `node`, without deleted, moved-away and hidden ones.
  void collect(const pugi::xml_node& node, Paragraph& paragraph) {
    for (const pugi::xml_node& each : node.children()) {
      const std::string_view name = local_name(each);
      if (name == "t") {
        paragraph.text += text_with_ends(each);
      } else if (name == "tab" || name == "ptab") {
        paragraph.text += ' ';
      } else if (name == "br" || name == "cr") {
        paragraph.text += '\n';
      } else if (name == "noBreakHyphen") {
        paragraph.text += '-';
      } else if (name == "txbxContent") {
        paragraph.text_boxes.push_back(each);
      } else if (name == "footnoteReference" || name == "endnoteReference") {
        const Notes& notes = name.starts_with('f') ? footnotes_ : endnotes_;
        if (const auto found = notes.find(value(each, "id")); found != notes.end()) {
          paragraph.notes.push_back(found->second);
        }
      } else if (name == "AlternateContent") {
        collect(preferred_branch(each), paragraph);
      } else if (!is_left_out(each, name)) {
        collect(each, paragraph);
      }
    }
  }

  static bool is_left_out(const pugi::xml_node& node, std::string_view name) {
    if (name == "r") return is_on(child(node, "rPr"), "vanish");
    // "rt" is the reading over a character of East Asian text; tabs in "pPr" are stops, not text.
    return name == "del" || name == "moveFrom" || name == "instrText" || name == "delText" || name == "rt" ||
           name == "pPr" || name == "rPr" || name == "sdtPr";
  }

  // Rows and cells may be wrapped in content controls and tracked insertions.
  static void collect_wrapped(const pugi::xml_node& parent, std::string_view wanted,
                              std::vector<pugi::xml_node>& found) {
    for (const pugi::xml_node& each : parent.children()) {
      const std::string_view name = local_name(each);
      if (name == wanted) {
        found.push_back(each);
      } else if (name == "sdt" || name == "sdtContent" || name == "ins" || name == "customXml") {
        collect_wrapped(each, wanted, found);
      }
    }
  }

  void add_table_blocks(const pugi::xml_node& table) {
    flush_code();
    std::vector<pugi::xml_node> row_nodes;
    collect_wrapped(table, "tr", row_nodes);
    std::vector<Cells> rows;
    std::vector<pugi::xml_node> lone_cells;
    bool header_declared = false;
    Paragraph hanging;
    for (const pugi::xml_node& row : row_nodes) {
      const pugi::xml_node properties = child(row, "trPr");
      if (child(properties, "del")) continue;
      if (rows.empty()) header_declared = is_on(properties, "tblHeader");
      std::vector<pugi::xml_node> cells;
      collect_wrapped(row, "tc", cells);
      if (cells.size() == 1) lone_cells.push_back(cells.front());
      rows.push_back(read_cells(cells, rows.empty() ? Cells() : rows.back(), hanging));
      if (done()) return;
    }
    if (lone_cells.size() == rows.size()) {
      // One column only serves the layout: a frame around ordinary paragraphs.
      for (const pugi::xml_node& cell : lone_cells) add_blocks(cell);
      return;
    }
    add_table(builder_, std::move(rows), header_declared);
    add_hanging(hanging);
  }

  // `above` gives the text of cells that are merged with the row above.
  Cells read_cells(const std::vector<pugi::xml_node>& nodes, const Cells& above, Paragraph& hanging) {
    constexpr int kWidestSpan = 64;
    Cells cells;
    for (const pugi::xml_node& node : nodes) {
      const pugi::xml_node properties = child(node, "tcPr");
      const pugi::xml_node merge = child(properties, "vMerge");
      if (merge && value(merge, "val") != "restart") {
        cells.push_back(cells.size() < above.size() ? above[cells.size()] : std::string());
      } else {
        cells.push_back(cell_text(node, hanging));
      }
      const int span = std::min(int_value(child_val(properties, "gridSpan"), 1), kWidestSpan);
      for (int i = 1; i < span; ++i) cells.emplace_back();
    }
    return cells;
  }

  // All paragraphs of a cell on one line, nested tables and boxes included.
  std::string cell_text(const pugi::xml_node& cell, Paragraph& hanging) {
    std::string text;
    for (const pugi::xml_node& each : cell.children()) {
      const std::string_view name = local_name(each);
      if (name == "p") {
        Paragraph paragraph;
        collect(each, paragraph);
        text += ' ' + paragraph.text;
        for (const pugi::xml_node& box : paragraph.text_boxes) text += ' ' + cell_text(box, hanging);
        hanging.notes.insert(hanging.notes.end(), paragraph.notes.begin(), paragraph.notes.end());
      } else if (name != "tcPr" && name != "trPr" && name != "tblPr" && name != "tblGrid" && name != "del") {
        text += ' ' + cell_text(each, hanging);
      }
    }
    return one_line(text);
  }

  const Input& input_;
  OfficePackage& package_;
  TextBuilder builder_;
  DocxStyles styles_;
  Notes footnotes_;
  Notes endnotes_;
  std::string code_;   // paragraphs of a listing that has not ended yet
  std::string title_;  // the first heading
  bool in_note_ = false;
};

}  // namespace

Result<ExtractedText> read_docx(const Input& input) {
  Result<OfficePackage> package = open_office(input, kWord);
  if (!package) return package.error();
  return DocxReader(input, *package).read();
}

}  // namespace attune::reader
