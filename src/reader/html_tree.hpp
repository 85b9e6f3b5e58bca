// HtmlTree: a web page taken apart by gumbo, within bounds.
//
// Nesting is counted before parsing, because the tree is walked by recursion; memory and time are bounded too. gumbo
// stays in the html_* files.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gumbo.h>

#include "attune/core/result.hpp"

#include "reader/bounded_memory.hpp"

namespace attune::reader {

class HtmlTree {
 public:
  // `utf8` must outlive the tree. Fails with bad_input (nested too deep), too_large, timeout or
  // cancelled.
  static Result<HtmlTree> parse(std::string_view utf8, int max_nesting, const ParserBounds& bounds);

  HtmlTree(HtmlTree&&) noexcept;
  HtmlTree& operator=(HtmlTree&&) noexcept;
  ~HtmlTree();

  // The <html> element.
  [[nodiscard]] const GumboNode& root() const { return *root_; }

 private:
  explicit HtmlTree(std::unique_ptr<BoundedMemory> memory);
  static const GumboNode* parse_into(BoundedMemory& memory, std::string_view utf8);

  std::unique_ptr<BoundedMemory> memory_;
  const GumboNode* root_ = nullptr;
};

// The attribute's value; nullptr when the node is no element or has no such attribute.
const char* attribute(const GumboNode& node, const char* name);

// The children of a document or element; none for a text.
const GumboVector& children_of(const GumboNode& node);

// GUMBO_TAG_LAST for what is no element.
GumboTag tag_of(const GumboNode& node);

}  // namespace attune::reader
