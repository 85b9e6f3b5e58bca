#include "reader/html_tree.hpp"

#include <csetjmp>
#include <utility>

#include "reader/html_nesting.hpp"

namespace attune::reader {

namespace {

void* allocate(void* memory, std::size_t size) {
  return static_cast<BoundedMemory*>(memory)->take(size);
}

void release(void* /*memory*/, void* /*pointer*/) {}

}  // namespace

HtmlTree::HtmlTree(std::unique_ptr<BoundedMemory> memory) : memory_(std::move(memory)) {}
HtmlTree::HtmlTree(HtmlTree&&) noexcept = default;
HtmlTree& HtmlTree::operator=(HtmlTree&&) noexcept = default;
HtmlTree::~HtmlTree() = default;

// Nothing in here may need a destructor: leaving by longjmp skips them. nullptr when a bound was passed.
const GumboNode* HtmlTree::parse_into(BoundedMemory& memory, std::string_view utf8) {
  if (setjmp(memory.exit()) != 0) return nullptr;
  memory.arm();
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = allocate;
  options.deallocator = release;
  options.userdata = &memory;
  options.max_errors = 0;
  const GumboNode* root = gumbo_parse_with_options(&options, utf8.data(), utf8.size())->root;
  memory.disarm();
  return root;
}

Result<HtmlTree> HtmlTree::parse(std::string_view utf8, int max_nesting, const ParserBounds& bounds) {
  if (const Status shallow = check_html_nesting(utf8, max_nesting); !shallow) return shallow.error();
  HtmlTree tree(std::make_unique<BoundedMemory>(bounds));
  tree.root_ = parse_into(*tree.memory_, utf8);
  if (tree.root_ == nullptr) return tree.memory_->reason();
  return tree;
}

const char* attribute(const GumboNode& node, const char* name) {
  if (node.type != GUMBO_NODE_ELEMENT) return nullptr;
  const GumboAttribute* found = gumbo_get_attribute(&node.v.element.attributes, name);
  return found == nullptr ? nullptr : found->value;
}

const GumboVector& children_of(const GumboNode& node) {
  static constexpr GumboVector kNone{nullptr, 0, 0};
  if (node.type == GUMBO_NODE_DOCUMENT) return node.v.document.children;
  return node.type == GUMBO_NODE_ELEMENT ? node.v.element.children : kNone;
}

GumboTag tag_of(const GumboNode& node) {
  return node.type == GUMBO_NODE_ELEMENT ? node.v.element.tag : GUMBO_TAG_LAST;
}

}  // namespace attune::reader
