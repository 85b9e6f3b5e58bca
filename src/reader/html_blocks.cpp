#include "reader/html_blocks.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "reader/flow_text.hpp"
#include "reader/html_table.hpp"
#include "reader/html_tree.hpp"

namespace attune::reader {
namespace {

// Elements that stand in the line of the text around them. All others begin a new block.
constexpr std::array kInline = {
    GUMBO_TAG_A,      GUMBO_TAG_ABBR,   GUMBO_TAG_ACRONYM, GUMBO_TAG_B,      GUMBO_TAG_BDI,   GUMBO_TAG_BDO,
    GUMBO_TAG_BIG,    GUMBO_TAG_BR,     GUMBO_TAG_CITE,    GUMBO_TAG_CODE,   GUMBO_TAG_DATA,  GUMBO_TAG_DEL,
    GUMBO_TAG_DFN,    GUMBO_TAG_EM,     GUMBO_TAG_FONT,    GUMBO_TAG_I,      GUMBO_TAG_IMG,   GUMBO_TAG_INS,
    GUMBO_TAG_KBD,    GUMBO_TAG_LABEL,  GUMBO_TAG_MARK,    GUMBO_TAG_MATH,   GUMBO_TAG_NOBR,  GUMBO_TAG_Q,
    GUMBO_TAG_RB,     GUMBO_TAG_RUBY,   GUMBO_TAG_S,       GUMBO_TAG_SAMP,   GUMBO_TAG_SMALL, GUMBO_TAG_SPAN,
    GUMBO_TAG_STRIKE, GUMBO_TAG_STRONG, GUMBO_TAG_SUB,     GUMBO_TAG_SUP,    GUMBO_TAG_TIME,  GUMBO_TAG_TT,
    GUMBO_TAG_U,      GUMBO_TAG_VAR,    GUMBO_TAG_WBR,     GUMBO_TAG_UNKNOWN};

bool is_inline(const GumboNode& node) {
  return node.v.element.tag_namespace != GUMBO_NAMESPACE_HTML ||
         std::ranges::find(kInline, tag_of(node)) != kInline.end();
}

class BlockWalk {
 public:
  BlockWalk(const HtmlContent& content, const HtmlBlockOptions& options, const std::stop_token& stop,
            TextBuilder& builder)
      : content_(content), options_(options), stop_(stop), builder_(builder) {}

  void walk_children(const GumboNode& node) {
    const GumboVector& children = children_of(node);
    for (unsigned i = 0; i < children.length; ++i) walk(*static_cast<const GumboNode*>(children.data[i]));
  }
  void flush();

 private:
  void walk(const GumboNode& node);
  void walk_inline(const GumboNode& node);
  void walk_block(const GumboNode& node);
  void walk_item(const GumboNode& node);
  void walk_as(BlockKind kind, const GumboNode& node);
  void add_text(const GumboNode& node);
  void add_code(const GumboNode& node);
  void add_table(const GumboNode& node);
  [[nodiscard]] int line_at(unsigned line) const { return options_.with_lines ? static_cast<int>(line) : 0; }

  const HtmlContent& content_;
  const HtmlBlockOptions& options_;
  const std::stop_token& stop_;
  TextBuilder& builder_;
  FlowText flow_;
  int line_ = 0;                           // where the text in flow_ begins
  BlockKind kind_ = BlockKind::paragraph;  // of what is not in an item
  bool at_item_start_ = false;             // the next text is a list item's first
  std::string marker_;                     // "3. " in a numbered list
  int heading_ = 0;                        // level, while in a heading
};

void BlockWalk::flush() {
  if (flow_.empty()) {
    flow_.take();
    return;
  }
  if (heading_ != 0) {
    builder_.add_heading(heading_, as_flow(flow_.take()), options_.page, line_);
    return;
  }
  builder_.add(at_item_start_ ? BlockKind::list_item : kind_, marker_ + flow_.take(), options_.page, line_);
  at_item_start_ = false;
  marker_.clear();
}

void BlockWalk::add_text(const GumboNode& node) {
  const std::string_view text = node.v.text.text;
  if (flow_.empty()) {
    const auto first = text.find_first_not_of(" \t\n\r\f");
    if (first == std::string_view::npos) return;
    const auto newlines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(first), '\n');
    line_ = line_at(node.v.text.start_pos.line + static_cast<unsigned>(newlines));
  }
  flow_.add(text);
}

void BlockWalk::walk(const GumboNode& node) {
  if (builder_.full() || stop_.stop_requested() || content_.is_furniture(node)) return;
  switch (node.type) {
    case GUMBO_NODE_TEXT:
    case GUMBO_NODE_CDATA:
    case GUMBO_NODE_WHITESPACE:
      add_text(node);
      break;
    case GUMBO_NODE_ELEMENT:
      if (!options_.keep_link_clusters && content_.is_link_cluster(node)) break;
      is_inline(node) ? walk_inline(node) : walk_block(node);
      break;
    default:
      break;
  }
}

void BlockWalk::walk_inline(const GumboNode& node) {
  const GumboTag tag = tag_of(node);
  if (tag == GUMBO_TAG_BR) {
    flow_.line_break();
  } else if (tag == GUMBO_TAG_IMG) {
    // Inside a link a picture is a button, and its description says where it leads.
    const char* description = attribute(node, "alt");
    const bool is_button = node.parent != nullptr && tag_of(*node.parent) == GUMBO_TAG_A;
    if (description == nullptr || is_button) return;
    if (flow_.empty()) line_ = line_at(node.v.element.start_pos.line);
    flow_.space();
    flow_.add(description);
    flow_.space();
  } else if (const char* formula = tag == GUMBO_TAG_MATH ? attribute(node, "alttext") : nullptr) {
    if (flow_.empty()) line_ = line_at(node.v.element.start_pos.line);
    flow_.add(formula);
  } else {
    walk_children(node);
  }
}

void BlockWalk::walk_as(BlockKind kind, const GumboNode& node) {
  const BlockKind before = std::exchange(kind_, kind);
  walk_children(node);
  flush();
  kind_ = before;
}

void BlockWalk::walk_item(const GumboNode& node) {
  at_item_start_ = true;
  marker_.clear();
  if (node.parent != nullptr && tag_of(*node.parent) == GUMBO_TAG_OL) {
    const char* start = attribute(*node.parent, "start");
    int number = start == nullptr ? 1 : std::atoi(start);
    const GumboVector& siblings = children_of(*node.parent);
    for (unsigned i = 0; i < siblings.length && siblings.data[i] != &node; ++i) {
      if (tag_of(*static_cast<const GumboNode*>(siblings.data[i])) == GUMBO_TAG_LI) ++number;
    }
    marker_ = std::to_string(number) + ". ";
  }
  walk_children(node);
  flush();
  at_item_start_ = false;
  marker_.clear();
}

void BlockWalk::add_code(const GumboNode& node) {
  std::string code = raw_text_of(node, content_);
  builder_.add(BlockKind::code, code, options_.page, line_at(node.v.element.start_pos.line));
}

void BlockWalk::add_table(const GumboNode& node) {
  const HtmlTable table = read_html_table(node, content_);
  if (!table.caption.empty()) {
    builder_.add(BlockKind::paragraph, table.caption, options_.page, line_at(node.v.element.start_pos.line));
  }
  for (const HtmlTable::Row& row : table.rows) {
    builder_.add(BlockKind::table_row, row.text, options_.page, line_at(row.line));
  }
}

void BlockWalk::walk_block(const GumboNode& node) {
  flush();
  const GumboTag tag = tag_of(node);
  if (tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6) {
    heading_ = static_cast<int>(tag) - static_cast<int>(GUMBO_TAG_H1) + 1;
    walk_children(node);
    flush();
    heading_ = 0;
  } else if (tag == GUMBO_TAG_LI) {
    walk_item(node);
  } else if (tag == GUMBO_TAG_BLOCKQUOTE) {
    walk_as(BlockKind::quote, node);
  } else if (tag == GUMBO_TAG_PRE || tag == GUMBO_TAG_LISTING || tag == GUMBO_TAG_XMP || tag == GUMBO_TAG_PLAINTEXT) {
    add_code(node);
  } else if (tag == GUMBO_TAG_TABLE && is_data_table(node, content_)) {
    add_table(node);
  } else {
    walk_children(node);
    flush();
  }
}

}  // namespace

void add_html_blocks(const HtmlContent& content, const HtmlBlockOptions& options, const std::stop_token& stop,
                     TextBuilder& builder) {
  BlockWalk walk(content, options, stop, builder);
  walk.walk_children(content.main());
  walk.flush();
}

}  // namespace attune::reader
