// Front matter: the metadata that stands between "---" (YAML) or "+++" (TOML) lines at the head of a Markdown file.
//
// Only what people write there is understood: one "key: value" a line, quoted values, lists in brackets or as "- item"
// lines. Anything deeper is kept as it is written, under its outermost key.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace attune::reader {

struct FrontMatter {
  std::map<std::string, std::string> values;  // keys in lower case; the items of a list are joined by ", "
  std::size_t body_start = 0;                 // byte where the document itself begins
  int lines = 0;                              // before body_start
};

// Empty values and body_start 0 when there is none. `text` is UTF-8 with "\n" line ends.
FrontMatter parse_front_matter(std::string_view text);

}  // namespace attune::reader
