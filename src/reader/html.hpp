// Web pages for readers that meet HTML inside something else: e-mail, e-books, Markdown.
#pragma once

#include <string>
#include <string_view>

#include "reader/format.hpp"
#include "reader/html_blocks.hpp"

namespace attune::reader {

// Appends the blocks of a page and fills title, language and metadata where the builder has none yet. `utf8` is
// decoded already. Fails with bad_input, too_large or cancelled.
Status add_html(std::string_view utf8, const Input& input, const HtmlBlockOptions& options, TextBuilder& builder);

// The text of a piece of HTML without its tags, a blank line between blocks; "" when it cannot be taken apart.
std::string text_of_html_fragment(std::string_view utf8);

}  // namespace attune::reader
