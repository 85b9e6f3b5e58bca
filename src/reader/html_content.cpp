#include "reader/html_content.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace attune::reader {
namespace {

// Elements that hold no running text, or that belong to the site rather than to the page.
constexpr std::array kNeverText = {
    GUMBO_TAG_SCRIPT, GUMBO_TAG_STYLE,  GUMBO_TAG_NOSCRIPT, GUMBO_TAG_TEMPLATE, GUMBO_TAG_NAV,    GUMBO_TAG_FOOTER,
    GUMBO_TAG_BUTTON, GUMBO_TAG_SELECT, GUMBO_TAG_TEXTAREA, GUMBO_TAG_INPUT,    GUMBO_TAG_IFRAME, GUMBO_TAG_OBJECT,
    GUMBO_TAG_EMBED,  GUMBO_TAG_CANVAS, GUMBO_TAG_AUDIO,    GUMBO_TAG_VIDEO,    GUMBO_TAG_SVG,    GUMBO_TAG_HEAD,
    GUMBO_TAG_RP,     GUMBO_TAG_RT,     GUMBO_TAG_DATALIST, GUMBO_TAG_NOFRAMES};

// Classes and ids by which the common generators (DocBook, Sphinx, MediaWiki, blogs) mark navigation. "sidebar" is not
// among them: DocBook calls its boxed notes so.
constexpr std::array<std::string_view, 29> kFurnitureNames = {"nav",
                                                              "navbar",
                                                              "navigation",
                                                              "docnav",
                                                              "navheader",
                                                              "navfooter",
                                                              "nav-links",
                                                              "breadcrumb",
                                                              "breadcrumbs",
                                                              "pagination",
                                                              "pager",
                                                              "prevnext",
                                                              "menu",
                                                              "site-header",
                                                              "site-footer",
                                                              "footer",
                                                              "skip-link",
                                                              "skiplink",
                                                              "headerlink",
                                                              "permalink",
                                                              "mw-editsection",
                                                              "mw-jump-link",
                                                              "cookie-banner",
                                                              "banner",
                                                              "sphinxsidebar",
                                                              "sphinxsidebarwrapper",
                                                              "related",
                                                              "linenos",
                                                              "printfooter"};

constexpr std::array kClusterTags = {GUMBO_TAG_UL,      GUMBO_TAG_OL,    GUMBO_TAG_DL,    GUMBO_TAG_DIV, GUMBO_TAG_NAV,
                                     GUMBO_TAG_SECTION, GUMBO_TAG_ASIDE, GUMBO_TAG_TABLE, GUMBO_TAG_MENU};

constexpr std::size_t kFewestLinks = 3;
constexpr std::size_t kLongestLinkOnAverage = 80;  // bytes; longer ones are sentences worth reading

template <typename Tags>
bool is_one_of(const Tags& tags, GumboTag tag) {
  return std::ranges::find(tags, tag) != tags.end();
}

std::string_view value_of(const GumboNode& node, const char* name) {
  const char* value = attribute(node, name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

// True if one of the space-separated words of `value` is a furniture name.
bool names_furniture(std::string_view value) {
  while (!value.empty()) {
    const auto end = value.find_first_of(" \t\n");
    std::string word(value.substr(0, end));
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (std::ranges::find(kFurnitureNames, word) != kFurnitureNames.end()) return true;
    value = end == std::string_view::npos ? std::string_view() : value.substr(end + 1);
  }
  return false;
}

bool is_hidden(const GumboNode& node) {
  if (attribute(node, "hidden") != nullptr || value_of(node, "aria-hidden") == "true") return true;
  std::string style(value_of(node, "style"));
  std::erase_if(style, [](unsigned char c) { return std::isspace(c) != 0; });
  return style.find("display:none") != std::string::npos || style.find("visibility:hidden") != std::string::npos;
}

std::size_t visible_bytes(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](unsigned char c) { return std::isspace(c) == 0; }));
}

}  // namespace

HtmlContent::HtmlContent(const GumboNode& root) : main_(&root) {
  measure(root, false);
  const GumboNode* marked = nullptr;
  const GumboNode* article = nullptr;
  std::size_t articles = 0;
  for_each_element(root, [&](const GumboNode& node) {
    if (tag_of(node) == GUMBO_TAG_BODY && main_ == &root) main_ = &node;
    if (tag_of(node) == GUMBO_TAG_ARTICLE && ++articles == 1) article = &node;
    if (tag_of(node) == GUMBO_TAG_MAIN || value_of(node, "role") == "main") marked = &node;
    return marked == nullptr;
  });
  if (marked == nullptr && articles == 1) marked = article;
  // A page that marks up a mere corner as its main part is taken whole.
  if (marked != nullptr && density(*marked).text_bytes * 5 >= density(*main_).text_bytes) {
    main_ = marked;
    main_is_body_ = false;
  }
}

LinkDensity HtmlContent::measure(const GumboNode& node, bool in_link) {
  LinkDensity sum;
  if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_CDATA) {
    sum.text_bytes = visible_bytes(node.v.text.text);
    sum.link_bytes = in_link ? sum.text_bytes : 0;
    return sum;
  }
  const GumboTag tag = tag_of(node);
  if (tag == GUMBO_TAG_SCRIPT || tag == GUMBO_TAG_STYLE) return sum;
  const bool link = tag == GUMBO_TAG_A && attribute(node, "href") != nullptr;
  const GumboVector& children = children_of(node);
  for (unsigned i = 0; i < children.length; ++i) {
    const LinkDensity part = measure(*static_cast<const GumboNode*>(children.data[i]), in_link || link);
    sum.text_bytes += part.text_bytes;
    sum.link_bytes += part.link_bytes;
    sum.links += part.links;
    sum.has_structure = sum.has_structure || part.has_structure;
  }
  sum.links += link ? 1 : 0;
  sum.has_structure = sum.has_structure || tag == GUMBO_TAG_PRE || (tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6);
  if (node.type == GUMBO_NODE_ELEMENT) densities_[&node] = sum;
  return sum;
}

const LinkDensity& HtmlContent::density(const GumboNode& node) const {
  static constexpr LinkDensity kNone;
  const auto found = densities_.find(&node);
  return found == densities_.end() ? kNone : found->second;
}

bool HtmlContent::is_furniture(const GumboNode& node) const {
  if (node.type == GUMBO_NODE_COMMENT || node.type == GUMBO_NODE_TEMPLATE) return true;
  if (node.type != GUMBO_NODE_ELEMENT) return false;
  const GumboTag tag = tag_of(node);
  if (is_one_of(kNeverText, tag)) return true;
  if (tag == GUMBO_TAG_BODY || tag == GUMBO_TAG_HTML || tag == GUMBO_TAG_MAIN) return false;
  // Inside an article these belong to it; of a whole page they are the site's, unless the title is in them.
  if (main_is_body_ && tag == GUMBO_TAG_ASIDE) return true;
  if (main_is_body_ && tag == GUMBO_TAG_HEADER) return !density(node).has_structure;
  const std::string_view role = value_of(node, "role");
  if (role == "navigation" || role == "banner" || role == "contentinfo" || role == "search") return true;
  return is_hidden(node) || names_furniture(value_of(node, "class")) || names_furniture(value_of(node, "id"));
}

bool HtmlContent::is_link_cluster(const GumboNode& node) const {
  if (!is_one_of(kClusterTags, tag_of(node))) return false;
  const LinkDensity& here = density(node);
  if (here.links < kFewestLinks || here.has_structure) return false;
  return here.link_bytes * 10 >= here.text_bytes * 8 && here.link_bytes <= here.links * kLongestLinkOnAverage;
}

}  // namespace attune::reader
