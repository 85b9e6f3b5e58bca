#include "reader/html_table.hpp"

#include <algorithm>
#include <cstdlib>

#include "reader/flow_text.hpp"
#include "reader/table_row.hpp"

namespace attune::reader {
namespace {

constexpr int kMostSpanned = 100;  // rows or columns that one cell may claim
constexpr std::size_t kMostColumns = 1000;
constexpr std::size_t kLongestCell = 400;  // bytes, of a table without header cells

struct Cell {
  std::string text;
  bool header = false;
  int columns = 1;
  int rows = 1;
};

bool is_cell(const GumboNode& node) {
  return tag_of(node) == GUMBO_TAG_TD || tag_of(node) == GUMBO_TAG_TH;
}

int span_of(const GumboNode& cell, const char* name) {
  const char* value = attribute(cell, name);
  return value == nullptr ? 1 : std::clamp(std::atoi(value), 1, kMostSpanned);
}

void add_flow(const GumboNode& node, const HtmlContent& content, FlowText& flow) {
  if (content.is_furniture(node)) return;
  if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_CDATA || node.type == GUMBO_NODE_WHITESPACE) {
    flow.add(node.v.text.text);
    return;
  }
  const GumboTag tag = tag_of(node);
  const bool apart = tag == GUMBO_TAG_BR || tag == GUMBO_TAG_P || tag == GUMBO_TAG_DIV || tag == GUMBO_TAG_LI;
  if (apart) flow.space();
  const GumboVector& children = children_of(node);
  for (unsigned i = 0; i < children.length; ++i) {
    add_flow(*static_cast<const GumboNode*>(children.data[i]), content, flow);
  }
  if (apart) flow.space();
}

std::string flow_of(const GumboNode& node, const HtmlContent& content) {
  FlowText flow;
  add_flow(node, content, flow);
  return as_flow(flow.take());
}

void add_raw(const GumboNode& node, const HtmlContent& content, std::string& text) {
  if (content.is_furniture(node)) return;
  if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_CDATA || node.type == GUMBO_NODE_WHITESPACE) {
    text += node.v.text.text;
    return;
  }
  const GumboTag tag = tag_of(node);
  // Some highlighters put each line of code into a box of its own.
  const bool own_line = tag == GUMBO_TAG_DIV || tag == GUMBO_TAG_LI || tag == GUMBO_TAG_TR || tag == GUMBO_TAG_P;
  if (own_line && !text.empty() && text.back() != '\n') text += '\n';
  if (tag == GUMBO_TAG_BR) text += '\n';
  const GumboVector& children = children_of(node);
  for (unsigned i = 0; i < children.length; ++i) {
    add_raw(*static_cast<const GumboNode*>(children.data[i]), content, text);
  }
  if (own_line && !text.empty() && text.back() != '\n') text += '\n';
}

// Lays the rows of one table onto a grid, so that a header meets the cells below it.
class Grid {
 public:
  explicit Grid(const HtmlContent& content) : content_(content) {}

  void add_row(const GumboNode& row);
  HtmlTable table;

 private:
  void place(const Cell& cell);
  void finish_row(unsigned line, bool all_headers);

  const HtmlContent& content_;
  std::vector<std::string> headers_;
  std::vector<std::string> cells_;  // of the row at hand
  std::vector<Cell> from_above_;    // by column: cells that reach down into this row
  bool has_body_ = false;
};

void Grid::place(const Cell& cell) {
  const auto taken = [&] { return cells_.size() < from_above_.size() && from_above_[cells_.size()].rows > 0; };
  const auto take_over = [&] {
    Cell& above = from_above_[cells_.size()];
    --above.rows;
    cells_.push_back(above.text);
  };
  while (taken()) take_over();
  for (int i = 0; i < cell.columns && cells_.size() < kMostColumns; ++i) {
    if (from_above_.size() <= cells_.size()) from_above_.resize(cells_.size() + 1, Cell{{}, false, 1, 0});
    from_above_[cells_.size()] = Cell{cell.text, cell.header, 1, cell.rows - 1};
    // A cell over several columns is said once; as a header it stands over each.
    cells_.push_back(i == 0 || cell.header ? cell.text : std::string());
  }
}

void Grid::add_row(const GumboNode& row) {
  cells_.clear();
  bool all_headers = true;
  bool any = false;
  const GumboVector& children = children_of(row);
  for (unsigned i = 0; i < children.length; ++i) {
    const auto& child = *static_cast<const GumboNode*>(children.data[i]);
    if (!is_cell(child)) continue;
    any = true;
    const bool header = tag_of(child) == GUMBO_TAG_TH;
    all_headers = all_headers && header;
    place({flow_of(child, content_), header, span_of(child, "colspan"), span_of(child, "rowspan")});
  }
  const bool in_head = row.parent != nullptr && tag_of(*row.parent) == GUMBO_TAG_THEAD;
  if (any) finish_row(row.v.element.start_pos.line, all_headers || in_head);
}

void Grid::finish_row(unsigned line, bool all_headers) {
  while (cells_.size() < from_above_.size() && from_above_[cells_.size()].rows > 0) {
    Cell& above = from_above_[cells_.size()];
    --above.rows;
    cells_.push_back(above.text);
  }
  if (all_headers && !has_body_ && cells_.size() > 1) {
    // A second line of headers refines the first.
    headers_.resize(std::max(headers_.size(), cells_.size()));
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (cells_[i].empty() || headers_[i] == cells_[i]) continue;
      headers_[i] = headers_[i].empty() ? cells_[i] : headers_[i] + " " + cells_[i];
    }
    return;
  }
  has_body_ = true;
  table.rows.push_back({self_describing_row(headers_, cells_), line});
}

// The rows of this table, not those of tables in it.
template <typename Visit>
void for_each_row(const GumboNode& node, const Visit& visit) {
  const GumboVector& children = children_of(node);
  for (unsigned i = 0; i < children.length; ++i) {
    const auto& child = *static_cast<const GumboNode*>(children.data[i]);
    const GumboTag tag = tag_of(child);
    if (tag == GUMBO_TAG_TR) visit(child);
    if (tag == GUMBO_TAG_THEAD || tag == GUMBO_TAG_TBODY || tag == GUMBO_TAG_TFOOT) for_each_row(child, visit);
  }
}

}  // namespace

bool is_data_table(const GumboNode& table, const HtmlContent& content) {
  const char* role = attribute(table, "role");
  if (role != nullptr && (std::string_view(role) == "presentation" || std::string_view(role) == "none")) return false;
  bool has_header = false;
  bool is_layout = content.density(table).has_structure;
  std::size_t cells = 0;
  for_each_element(table, [&](const GumboNode& node) {
    const GumboTag tag = tag_of(node);
    if (&node != &table && tag == GUMBO_TAG_TABLE) is_layout = true;
    has_header = has_header || tag == GUMBO_TAG_TH;
    if (is_cell(node)) {
      ++cells;
      if (tag == GUMBO_TAG_TD && !has_header && content.density(node).text_bytes > kLongestCell) is_layout = true;
    }
    return !is_layout;
  });
  if (is_layout) return false;
  std::size_t rows = 0;
  for_each_row(table, [&](const GumboNode&) { ++rows; });
  return has_header ? cells > 1 : rows > 1 && cells >= 2 * rows;
}

HtmlTable read_html_table(const GumboNode& table, const HtmlContent& content) {
  Grid grid(content);
  const GumboVector& children = children_of(table);
  for (unsigned i = 0; i < children.length; ++i) {
    const auto& child = *static_cast<const GumboNode*>(children.data[i]);
    if (tag_of(child) == GUMBO_TAG_CAPTION) grid.table.caption = flow_of(child, content);
  }
  for_each_row(table, [&](const GumboNode& row) { grid.add_row(row); });
  return std::move(grid.table);
}

std::string raw_text_of(const GumboNode& node, const HtmlContent& content) {
  std::string text;
  add_raw(node, content, text);
  return text;
}

}  // namespace attune::reader
