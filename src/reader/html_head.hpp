// What a web page says about itself: title, language, description, author, date.
#pragma once

#include <string>

#include "attune/data/document.hpp"

#include "reader/html_tree.hpp"

namespace attune::reader {

// Fills title, language and metadata where the page states them; nothing that is set already is overwritten.
void read_html_head(const GumboNode& root, ExtractedText& result);

// The encoding that the first bytes of a page name ("gb2312"), "" if none.
std::string declared_charset(std::string_view bytes);

}  // namespace attune::reader
