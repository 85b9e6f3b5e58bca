// How deep a page's elements are nested, counted over its bytes before a parser sees them.
#pragma once

#include <string_view>

#include "attune/core/result.hpp"

namespace attune::reader {

// Fails with bad_input when elements are nested deeper than `max_nesting`, or a tag has absurdly many attributes (the
// parser compares each with all others). Elements whose end may be left out count only with what encloses them; those
// that merely style text may go four times as deep, as pages that never close a <font> do.
Status check_html_nesting(std::string_view html, int max_nesting);

}  // namespace attune::reader
