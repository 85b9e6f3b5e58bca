#include "reader/xhtml.hpp"

#include <algorithm>
#include <array>

namespace attune::reader {
namespace {

constexpr std::array<std::string_view, 15> kVoid = {"area", "base", "br",    "col",    "embed", "hr",  "img",  "input",
                                                    "link", "meta", "param", "source", "track", "wbr", "image"};

// One past the '>' that ends the tag at `at`, quotes respected; npos when it never ends.
std::size_t end_of_tag(std::string_view text, std::size_t at) {
  char quote = 0;
  for (; at < text.size(); ++at) {
    if (quote != 0) {
      if (text[at] == quote) quote = 0;
    } else if (text[at] == '"' || text[at] == '\'') {
      quote = text[at];
    } else if (text[at] == '>') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

bool is_xhtml(std::string_view utf8) {
  const std::string_view head = utf8.substr(0, 1024);
  return head.starts_with("<?xml") || head.find("http://www.w3.org/1999/xhtml") != std::string_view::npos;
}

std::string without_self_closing_tags(std::string_view utf8) {
  std::string result;
  result.reserve(utf8.size() + utf8.size() / 16);
  std::size_t done = 0;
  for (std::size_t at = utf8.find('<'); at != std::string_view::npos; at = utf8.find('<', at)) {
    if (utf8.substr(at, 4) == "<!--") {
      at = utf8.find("-->", at + 4);
      if (at == std::string_view::npos) break;
      continue;
    }
    const std::size_t end = end_of_tag(utf8, at);
    if (end == std::string_view::npos) break;
    const std::string_view tag = utf8.substr(at, end - at);
    at = end;
    if (!tag.ends_with("/>")) continue;
    const std::string_view name = tag.substr(1, tag.find_first_of(" \t\n/>") - 1);
    if (name.empty() || std::ranges::find(kVoid, name) != kVoid.end()) continue;
    result += utf8.substr(done, end - 2 - done);
    result.append("></").append(name).append(">");
    done = end;
  }
  result += utf8.substr(done);
  return result;
}

}  // namespace attune::reader
