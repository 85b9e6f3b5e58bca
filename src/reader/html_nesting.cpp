#include "reader/html_nesting.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

namespace attune::reader {
namespace {

using Name = std::string_view;

constexpr int kMostAttributes = 500;

// Without content, or ended by whatever follows: these never add to the depth by themselves.
constexpr std::array<Name, 31> kFlat = {"area", "base",  "br",    "col",   "colgroup", "dd",   "dt",       "embed",
                                        "hr",   "img",   "input", "link",  "li",       "meta", "optgroup", "option",
                                        "p",    "param", "rb",    "rp",    "rt",       "rtc",  "source",   "tbody",
                                        "td",   "tfoot", "th",    "thead", "track",    "tr",   "wbr"};
constexpr std::array<Name, 21> kStyling = {"a",     "abbr", "b",      "big",    "cite", "code", "em",
                                           "font",  "i",    "kbd",    "mark",   "nobr", "q",    "s",
                                           "small", "span", "strike", "strong", "sub",  "sup",  "u"};
// Their content is text, whatever it looks like.
constexpr std::array<Name, 8> kRaw = {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"};

template <typename Names>
bool is_one_of(const Names& names, Name name) {
  return std::ranges::find(names, name) != names.end();
}

struct Tag {
  std::string name;  // lower case
  bool closing = false;
  int attributes = 0;
  std::size_t end = 0;  // one past '>'
};

bool is_name_byte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == ':' || c == '_';
}

// The tag at `at`, where a '<' stands; an empty name when it is none.
Tag tag_at(std::string_view html, std::size_t at) {
  Tag tag;
  ++at;
  if (at < html.size() && html[at] == '/') {
    tag.closing = true;
    ++at;
  }
  while (at < html.size() && is_name_byte(html[at])) {
    tag.name += static_cast<char>(std::tolower(static_cast<unsigned char>(html[at])));
    ++at;
  }
  char quote = 0;
  char before = ' ';
  for (; at < html.size() && (quote != 0 || html[at] != '>'); ++at) {
    const char c = html[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if ((c == '"' || c == '\'') && before == '=') {
      quote = c;
    } else if (std::isspace(static_cast<unsigned char>(before)) != 0 || before == '/' || before == '"' ||
               before == '\'') {
      if (is_name_byte(c)) ++tag.attributes;
    }
    if (std::isspace(static_cast<unsigned char>(c)) == 0 || before != '=') before = c;
  }
  tag.end = std::min(at + 1, html.size());
  return tag;
}

// Where "</name" stands at or after `from`, whatever its case.
std::size_t find_end_tag(std::string_view html, std::size_t from, Name name) {
  for (std::size_t at = html.find("</", from); at != Name::npos; at = html.find("</", at + 2)) {
    const std::string_view found = html.substr(at + 2, name.size());
    if (found.size() == name.size() &&
        std::ranges::equal(found, name, [](unsigned char a, unsigned char b) { return std::tolower(a) == b; })) {
      return at;
    }
  }
  return html.size();
}

// The elements that are open.
class Depth {
 public:
  void open(const std::string& name) {
    open_.push_back(name);
    count(name, 1);
  }
  // Closes the innermost element of that name and what was left open in it.
  void close(Name name) {
    const auto found = std::find(open_.rbegin(), open_.rend(), name);
    if (found == open_.rend()) return;
    const auto keep = static_cast<std::size_t>(open_.rend() - found) - 1;
    for (std::size_t i = keep; i < open_.size(); ++i) count(open_[i], -1);
    open_.resize(keep);
  }
  [[nodiscard]] bool in_foreign() const { return foreign_ > 0; }
  [[nodiscard]] bool passes(int limit) const { return structural_ > limit || styling_ > 4 * limit; }

 private:
  void count(const std::string& name, int change) {
    (is_one_of(kStyling, name) ? styling_ : structural_) += change;
    if (name == "svg" || name == "math") foreign_ += change;
  }

  std::vector<std::string> open_;
  int foreign_ = 0;
  int structural_ = 0;
  int styling_ = 0;
};

}  // namespace

Status check_html_nesting(std::string_view html, int max_nesting) {
  Depth depth;
  for (std::size_t at = html.find('<'); at != Name::npos; at = html.find('<', at)) {
    if (html.substr(at, 4) == "<!--") {
      at = std::min(html.find("-->", at + 4), html.size());
      continue;
    }
    const Tag tag = tag_at(html, at);
    if (tag.name.empty()) {
      ++at;
      continue;
    }
    at = tag.end;
    if (tag.attributes > kMostAttributes) {
      return Error{ErrorKind::bad_input, "a <" + tag.name.substr(0, 20) + "> tag has more than " +
                                             std::to_string(kMostAttributes) + " attributes"};
    }
    if (is_one_of(kFlat, tag.name)) continue;
    if (tag.closing) {
      depth.close(tag.name);
      continue;
    }
    // "<path/>" is a whole element in a drawing or formula; elsewhere in HTML the slash means nothing.
    if (depth.in_foreign() && html.substr(0, at).ends_with("/>")) continue;
    depth.open(tag.name);
    if (depth.passes(max_nesting)) {
      return Error{ErrorKind::bad_input, "its elements are nested more than " + std::to_string(max_nesting) + " deep"};
    }
    if (is_one_of(kRaw, tag.name)) at = find_end_tag(html, at, tag.name);
  }
  return {};
}

}  // namespace attune::reader
