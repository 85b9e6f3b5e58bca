#include <doctest/doctest.h>

#include "attune/reader.hpp"

namespace attune {

TEST_CASE("reader: an SVG drawing is a picture, a web page with a drawing in it is a page") {
  const char* const drawings[] = {"<svg xmlns='x'><path d='M 23.3,28.8'/></svg>",
                                  "<?xml version='1.0'?>\n<!-- made by hand -->\n<svg><path/></svg>"};
  for (const char* drawing : drawings) {
    const auto read = read_document("warning.svg", drawing);
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::unsupported);
    CHECK(read.error().text == "there is no reader for an SVG picture");
  }
  const auto page =
      read_document("page.html", "<?xml version='1.0'?><html><body><p>Words.</p><svg></svg></body></html>");
  REQUIRE(page);
  CHECK(page->text == "Words.");
}

}  // namespace attune
