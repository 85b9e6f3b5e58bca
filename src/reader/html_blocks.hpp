// From the tree of a web page to blocks: headings, paragraphs, lists, quotes, code, table rows.
#pragma once

#include <stop_token>

#include "reader/html_content.hpp"
#include "reader/text_builder.hpp"

namespace attune::reader {

struct HtmlBlockOptions {
  bool keep_link_clusters = false;  // menus and tables of contents too
  int page = 0;                     // for every block
  bool with_lines = true;           // blocks tell the line in the page's source
};

// Appends the blocks of `content.main()`. Stops early when the builder is full or on request.
void add_html_blocks(const HtmlContent& content, const HtmlBlockOptions& options, const std::stop_token& stop,
                     TextBuilder& builder);

}  // namespace attune::reader
