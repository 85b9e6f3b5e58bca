// Tables of a web page: rows that read by themselves, and the difference between data and layout.
#pragma once

#include <string>
#include <vector>

#include "reader/html_content.hpp"

namespace attune::reader {

struct HtmlTable {
  struct Row {
    std::string text;
    unsigned line = 0;
  };
  std::string caption;
  std::vector<Row> rows;
};

// False for a table that only arranges the page: one that holds code, headings, lists or other tables, or that has
// neither header cells nor several short cells in a row.
bool is_data_table(const GumboNode& table, const HtmlContent& content);

// The rows with their column's header before each cell; cells that span several rows or columns are repeated in each.
HtmlTable read_html_table(const GumboNode& table, const HtmlContent& content);

// All text in `node` as it stands, line ends kept, furniture left out.
std::string raw_text_of(const GumboNode& node, const HtmlContent& content);

}  // namespace attune::reader
