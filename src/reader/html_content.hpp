// What of a web page is its content, and what is there to find one's way, to decorate or to track.
#pragma once

#include <string>
#include <unordered_map>

#include <gumbo.h>

#include "reader/html_tree.hpp"

namespace attune::reader {

// How much of an element's text stands in links.
struct LinkDensity {
  std::size_t text_bytes = 0;  // without white space
  std::size_t link_bytes = 0;
  std::size_t links = 0;
  bool has_structure = false;  // headings, code or tables
};

class HtmlContent {
 public:
  // `root` must outlive this.
  explicit HtmlContent(const GumboNode& root);

  // Where the main text is: <main>, a single <article>, or the whole body.
  [[nodiscard]] const GumboNode& main() const { return *main_; }

  // Never content: scripts, hidden parts, navigation, page headers and footers.
  [[nodiscard]] bool is_furniture(const GumboNode& node) const;

  // A list or box that holds little but links: a menu, a table of contents.
  [[nodiscard]] bool is_link_cluster(const GumboNode& node) const;

  // The densities of all elements below the body.
  [[nodiscard]] const LinkDensity& density(const GumboNode& node) const;

 private:
  LinkDensity measure(const GumboNode& node, bool in_link);

  std::unordered_map<const GumboNode*, LinkDensity> densities_;
  const GumboNode* main_;
  bool main_is_body_ = true;
};

// Calls `visit` with each element below `node` (itself included), parents first, until it returns false. Returns false
// if it was stopped.
template <typename Visit>
bool for_each_element(const GumboNode& node, const Visit& visit) {
  if (node.type != GUMBO_NODE_ELEMENT) return true;
  if (!visit(node)) return false;
  const GumboVector& children = children_of(node);
  for (unsigned i = 0; i < children.length; ++i) {
    if (!for_each_element(*static_cast<const GumboNode*>(children.data[i]), visit)) return false;
  }
  return true;
}

}  // namespace attune::reader
