// XHTML, where "<a id='x'/>" is a whole element. To an HTML parser it only opens one, and the rest of the page would
// end up inside.
#pragma once

#include <string>
#include <string_view>

namespace attune::reader {

// True if the page says that it is XML.
bool is_xhtml(std::string_view utf8);

// The page with each "<x …/>" written as "<x …></x>", except for elements that have no content anyway. Lines keep their
// numbers.
std::string without_self_closing_tags(std::string_view utf8);

}  // namespace attune::reader
