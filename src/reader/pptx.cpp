// PPTX (PresentationML): one page per slide, in the order of the show. A slide is its title, what stands on it, and the
// speaker's notes. Slide numbers, dates and footers are not part of the text.
#include <string>
#include <utility>
#include <vector>

#include "attune/text.hpp"

#include "reader/office_table.hpp"
#include "reader/ooxml.hpp"
#include "reader/text_builder.hpp"
#include "reader/xml_text.hpp"

namespace attune::reader {
namespace {

constexpr int kMaxSlides = 10'000;
constexpr std::size_t kLongestTitle = 200;  // bytes of a first line that may stand in for a missing title

// Where a shape's text stands: <p:ph type="title"/>. Shapes without a place were drawn by hand.
std::string_view place_of(const pugi::xml_node& shape) {
  for (const pugi::xml_node& properties : shape.children()) {
    const pugi::xml_node placeholder = child(child(properties, "nvPr"), "ph");
    if (!placeholder) continue;
    const std::string_view type = value(placeholder, "type");
    return type.empty() ? "obj" : type;
  }
  return "";
}

bool is_title(std::string_view place) {
  return place == "title" || place == "ctrTitle";
}

bool is_page_furniture(std::string_view place) {
  return place == "sldNum" || place == "dt" || place == "ftr" || place == "hdr" || place == "sldImg";
}

// One paragraph of DrawingML; a line break stays one.
std::string paragraph_text(const pugi::xml_node& paragraph) {
  std::string text;
  for (const pugi::xml_node& each : paragraph.children()) {
    const std::string_view name = local_name(each);
    if (name == "br") {
      text += '\n';
    } else if (name == "r" || name == "fld") {
      text += text_with_ends(child(each, "t"));
    } else if (name == "AlternateContent" || name == "m" || name == "oMath") {
      text += text_below(name == "AlternateContent" ? preferred_branch(each) : each);
    }
  }
  return text::to_valid_utf8(text);
}

class PptxReader {
 public:
  PptxReader(const Input& input, OfficePackage& package)
      : input_(input), package_(package), builder_(input.options.max_text_bytes) {}

  Result<ExtractedText> read() {
    read_core_properties(package_, input_.options, builder_.result());
    const Result<XmlPart> presentation = read_xml(package_.archive, package_.main_part, input_.options);
    if (!presentation) return presentation.error();
    const pugi::xml_node list = child(child(**presentation, "presentation"), "sldIdLst");
    for (const pugi::xml_node& slide : list.children()) {
      if (input_.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
      if (builder_.full()) break;
      if (++page_ > kMaxSlides) {
        builder_.result().notes.push_back("only the first " + std::to_string(kMaxSlides) + " slides were read");
        break;
      }
      // The relationship's id; <p:sldId id="256" r:id="rId2"/> has another "id" before it.
      if (Status status = add_slide(slide.attribute("r:id").value(), slide); !status) return status.error();
    }
    ExtractedText& result = builder_.result();
    if (is_made_up_title(result.title)) result.title = first_title_;
    return builder_.finish();
  }

 private:
  Status add_slide(std::string_view id, const pugi::xml_node& entry) {
    const std::string step = "slide " + std::to_string(page_);
    const auto found = package_.relationships.find(id.empty() ? relationship_id(entry) : id);
    if (found == package_.relationships.end()) {
      return Error{ErrorKind::bad_input, "the presentation names a slide that is not in the file"}.while_doing(step);
    }
    const std::string part = found->second.target;
    const Result<XmlPart> slide = read_xml(package_.archive, part, input_.options);
    if (!slide) return slide.error().while_doing(step);
    const Result<Relationships> relationships = read_relationships(package_.archive, part, input_.options);
    if (!relationships) return relationships.error().while_doing(step);
    const pugi::xml_node tree = child(child(child(**slide, "sld"), "cSld"), "spTree");
    has_heading_ = false;
    add_titles(tree);
    slide_relationships_ = &*relationships;
    add_shapes(tree);
    add_notes(target_of_type(*relationships, "notesSlide"));
    return {};
  }

  // For namespace prefixes other than "r": the attribute "id" that has a prefix.
  static std::string_view relationship_id(const pugi::xml_node& entry) {
    for (const pugi::xml_attribute& each : entry.attributes()) {
      if (std::string_view(each.name()).ends_with(":id")) return each.value();
    }
    return {};
  }

  void add_heading(const std::string& text) {
    if (text.empty()) return;
    builder_.add_heading(1, text, page_);
    if (first_title_.empty()) first_title_ = text;
    has_heading_ = true;
  }

  // The title first, wherever it stands in the drawing order.
  void add_titles(const pugi::xml_node& tree) {
    for (const pugi::xml_node& shape : tree.children()) {
      if (is_title(place_of(shape)) && !has_heading_) add_heading(text_of_body(child(shape, "txBody")));
    }
  }

  static std::string text_of_body(const pugi::xml_node& body) {
    std::string text;
    for (const pugi::xml_node& paragraph : body.children()) {
      if (local_name(paragraph) == "p") text += paragraph_text(paragraph) + ' ';
    }
    return one_line(text);
  }

  void add_shapes(const pugi::xml_node& tree) {
    for (const pugi::xml_node& shape : tree.children()) {
      if (builder_.full()) return;
      const std::string_view name = local_name(shape);
      if (name == "sp") {
        const std::string_view place = place_of(shape);
        if (!is_title(place) && !is_page_furniture(place)) add_body(child(shape, "txBody"), place);
      } else if (name == "graphicFrame") {
        add_graphic(child(child(shape, "graphic"), "graphicData"));
      } else if (name == "grpSp") {
        add_shapes(shape);
      } else if (name == "AlternateContent") {
        add_shapes(preferred_branch(shape));
      }
    }
  }

  void add_body(const pugi::xml_node& body, std::string_view place) {
    for (const pugi::xml_node& paragraph : body.children()) {
      if (local_name(paragraph) != "p") continue;
      const pugi::xml_node properties = child(paragraph, "pPr");
      // Layouts give the body's paragraphs bullets unless they say otherwise; drawn boxes have none unless they say so.
      const bool in_outline = place == "body" || place == "obj";
      const bool bullet =
          in_outline ? !child(properties, "buNone") : child(properties, "buChar") || child(properties, "buAutoNum");
      add_line(bullet ? BlockKind::list_item : BlockKind::paragraph, paragraph_text(paragraph));
    }
  }

  // The first line of a slide without a title heads it, so that no text stands under the slide before.
  void add_line(BlockKind kind, const std::string& text) {
    if (one_line(text).empty()) return;
    if (has_heading_) return builder_.add(kind, text, page_);
    if (text.size() <= kLongestTitle) return add_heading(one_line(text));
    add_heading("Slide " + std::to_string(page_));
    builder_.add(kind, text, page_);
  }

  void add_graphic(const pugi::xml_node& data) {
    if (const pugi::xml_node table = child(data, "tbl")) return add_slide_table(table);
    // SmartArt keeps its text in a part of its own.
    if (const pugi::xml_node ids = child(data, "relIds")) add_diagram(value(ids, "dm"));
  }

  void add_slide_table(const pugi::xml_node& table) {
    std::vector<Cells> rows;
    for (const pugi::xml_node& row : table.children()) {
      if (local_name(row) != "tr") continue;
      Cells cells;
      for (const pugi::xml_node& cell : row.children()) {
        if (local_name(cell) != "tc") continue;
        const bool continues_above = value(cell, "vMerge") == "1" && !rows.empty() && cells.size() < rows.back().size();
        cells.push_back(continues_above ? rows.back()[cells.size()] : text_of_body(child(cell, "txBody")));
      }
      rows.push_back(std::move(cells));
    }
    if (!has_heading_) add_heading("Slide " + std::to_string(page_));
    add_table(builder_, std::move(rows), false, page_);
  }

  void add_diagram(std::string_view id) {
    const auto found = slide_relationships_->find(id);
    if (found == slide_relationships_->end()) return;
    const Result<XmlPart> part = read_xml(package_.archive, found->second.target, input_.options);
    if (!part) {
      builder_.result().notes.push_back("slide " + std::to_string(page_) +
                                        ": a diagram could not be read: " + part.error().text);
      return;
    }
    for (const pugi::xml_node& point : child(child(**part, "dataModel"), "ptLst").children()) {
      add_line(BlockKind::list_item, text_of_body(child(point, "t")));
    }
  }

  void add_notes(const std::string& part_name) {
    if (part_name.empty()) return;
    const Result<XmlPart> part = read_xml(package_.archive, part_name, input_.options);
    if (!part) {
      builder_.result().notes.push_back("slide " + std::to_string(page_) +
                                        ": the speaker's notes could not be read: " + part.error().text);
      return;
    }
    const pugi::xml_node tree = child(child(child(**part, "notes"), "cSld"), "spTree");
    for (const pugi::xml_node& shape : tree.children()) {
      if (place_of(shape) != "body") continue;
      for (const pugi::xml_node& paragraph : child(shape, "txBody").children()) {
        if (local_name(paragraph) == "p") add_line(BlockKind::paragraph, paragraph_text(paragraph));
      }
    }
  }

  const Input& input_;
  OfficePackage& package_;
  TextBuilder builder_;
  const Relationships* slide_relationships_ = nullptr;
  std::string first_title_;
  int page_ = 0;
  bool has_heading_ = false;
};

}  // namespace

Result<ExtractedText> read_pptx(const Input& input) {
  Result<OfficePackage> package = open_office(input, kPowerPoint);
  if (!package) return package.error();
  return PptxReader(input, *package).read();
}

}  // namespace attune::reader
