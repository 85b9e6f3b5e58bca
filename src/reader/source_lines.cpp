#include "reader/source_lines.hpp"

#include <string>

namespace attune::reader {

void note_decoding(const text::Decoded& decoded, ExtractedText& result) {
  if (decoded.encoding != "UTF-8" && decoded.encoding != "US-ASCII") {
    result.notes.push_back("decoded as " + decoded.encoding);
  }
  if (decoded.replaced > 0) {
    result.notes.push_back(std::to_string(decoded.replaced) + " malformed characters were replaced");
  }
}

}  // namespace attune::reader
