// One line of mdoc, the other language of manual pages: ".Op Fl a Ar file" → "[-a file]".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::reader {

// The text of a line's macros. `name` is the page's ".Nm", used where that stands alone.
std::string mdoc_text(const std::vector<std::string>& words, std::string_view name);

}  // namespace attune::reader
