// Markdown as GitHub reads it (cmark-gfm): tables, strike-through, bare links, footnotes, task lists; front matter.
#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include "attune/text.hpp"

#include "reader/bounded_memory.hpp"
#include "reader/flow_text.hpp"
#include "reader/format.hpp"
#include "reader/front_matter.hpp"
#include "reader/html.hpp"
#include "reader/language_tag.hpp"
#include "reader/source_lines.hpp"
#include "reader/table_row.hpp"
#include "reader/text_builder.hpp"

namespace attune::reader {
namespace {

// cmark's allocator has no room for a pointer of ours, and cmark-gfm keeps tables of special characters in globals that
// each parse changes: one thread parses at a time.
std::mutex parsing;
BoundedMemory* memory_in_use = nullptr;

// realloc must know how much to copy.
constexpr std::size_t kSizeField = 16;

void* allocate(std::size_t count, std::size_t size) {
  const std::size_t bytes = count * size;
  auto* block = static_cast<char*>(memory_in_use->take(bytes + kSizeField));
  std::memcpy(block, &bytes, sizeof bytes);
  std::memset(block + kSizeField, 0, bytes);
  return block + kSizeField;
}

void* reallocate(void* old, std::size_t size) {
  void* moved = allocate(1, size);
  if (old == nullptr) return moved;
  std::size_t before = 0;
  std::memcpy(&before, static_cast<char*>(old) - kSizeField, sizeof before);
  std::memcpy(moved, old, std::min(before, size));
  return moved;
}

void release(void* /*pointer*/) {}

// Nothing in here may need a destructor: leaving by longjmp skips them. nullptr when a bound was passed.
cmark_node* parse(BoundedMemory& memory, std::string_view body) {
  static cmark_mem allocator{allocate, reallocate, release};
  if (setjmp(memory.exit()) != 0) return nullptr;
  memory.arm();
  cmark_parser* parser = cmark_parser_new_with_mem(CMARK_OPT_FOOTNOTES, &allocator);
  for (const char* name : {"table", "strikethrough", "autolink", "tasklist"}) {
    if (cmark_syntax_extension* extension = cmark_find_syntax_extension(name)) {
      cmark_parser_attach_syntax_extension(parser, extension);
    }
  }
  cmark_parser_feed(parser, body.data(), body.size());
  cmark_node* root = cmark_parser_finish(parser);
  memory.disarm();
  return root;
}

std::string_view literal(cmark_node* node) {
  const char* text = cmark_node_get_literal(node);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

// Tables come from an extension, whose types have no constants.
std::string_view type_name(cmark_node* node) {
  return cmark_node_get_type_string(node);
}

// Turns the walk over the tree into blocks.
class Walk {
 public:
  Walk(TextBuilder& builder, int lines_before) : builder_(builder), lines_before_(lines_before) {}

  void enter(cmark_node* node);
  void leave(cmark_node* node);
  // The first heading of level 1, else the first heading.
  [[nodiscard]] const std::string& title() const { return title_; }

 private:
  [[nodiscard]] int line_of(cmark_node* node) const {
    const int line = cmark_node_get_start_line(node);
    return line > 0 ? line + lines_before_ : 0;
  }
  void enter_item(cmark_node* node);
  void enter_html(cmark_node* node);
  void add_code(cmark_node* node);
  void close_heading(cmark_node* node);
  void close_row(cmark_node* node);

  TextBuilder& builder_;
  int lines_before_;
  FlowText flow_;
  std::string marker_;          // of a list item whose text has not come yet
  bool at_item_start_ = false;  // the next paragraph is that text
  int quotes_ = 0;              // block quotes that are open
  std::vector<std::string> headers_;
  std::vector<std::string> cells_;
  bool header_pending_ = false;  // the table has shown its header and no row yet
  std::string title_;
  int title_level_ = 0;
};

void Walk::enter_item(cmark_node* node) {
  cmark_node* list = cmark_node_parent(node);
  at_item_start_ = true;
  marker_.clear();
  if (cmark_node_get_list_type(list) != CMARK_ORDERED_LIST) return;
  int number = cmark_node_get_list_start(list);
  for (cmark_node* before = cmark_node_previous(node); before != nullptr; before = cmark_node_previous(before))
    ++number;
  marker_ = std::to_string(number) + ". ";
}

void Walk::enter_html(cmark_node* node) {
  builder_.add(BlockKind::paragraph, text_of_html_fragment(literal(node)), 0, line_of(node));
}

void Walk::add_code(cmark_node* node) {
  int length = 0;
  int offset = 0;
  char character = 0;
  // A fence stands on the line above its code.
  const int fence = cmark_node_get_fenced(node, &length, &offset, &character) != 0 ? 1 : 0;
  builder_.add(BlockKind::code, literal(node), 0, line_of(node) + fence);
}

void Walk::enter(cmark_node* node) {
  switch (cmark_node_get_type(node)) {
    case CMARK_NODE_TEXT:
    case CMARK_NODE_CODE:
      flow_.add(literal(node));
      break;
    case CMARK_NODE_SOFTBREAK:
      flow_.add("\n");
      break;
    case CMARK_NODE_LINEBREAK:
      flow_.line_break();
      break;
    case CMARK_NODE_BLOCK_QUOTE:
      ++quotes_;
      break;
    case CMARK_NODE_ITEM:
      enter_item(node);
      break;
    case CMARK_NODE_CODE_BLOCK:
      add_code(node);
      break;
    case CMARK_NODE_HTML_BLOCK:
      enter_html(node);
      break;
    default:
      break;
  }
}

void Walk::close_heading(cmark_node* node) {
  const int level = cmark_node_get_heading_level(node);
  const std::string text = flow_.take();
  if (!text.empty() && (title_level_ == 0 || (level == 1 && title_level_ > 1))) {
    title_ = text;
    title_level_ = level;
  }
  builder_.add_heading(level, text, 0, line_of(node));
}

void Walk::close_row(cmark_node* node) {
  if (type_name(node) == "table_header") {
    headers_ = std::move(cells_);
    header_pending_ = true;
  } else {
    builder_.add(BlockKind::table_row, self_describing_row(headers_, cells_), 0, line_of(node));
    header_pending_ = false;
  }
  cells_.clear();
}

void Walk::leave(cmark_node* node) {
  const cmark_node_type type = cmark_node_get_type(node);
  if (type == CMARK_NODE_HEADING) {
    close_heading(node);
  } else if (type == CMARK_NODE_PARAGRAPH) {
    const BlockKind kind = at_item_start_ ? BlockKind::list_item
                           : quotes_ > 0  ? BlockKind::quote
                                          : BlockKind::paragraph;
    builder_.add(kind, marker_ + flow_.take(), 0, line_of(node));
    marker_.clear();
    at_item_start_ = false;
  } else if (type == CMARK_NODE_ITEM) {
    at_item_start_ = false;
  } else if (type == CMARK_NODE_BLOCK_QUOTE) {
    --quotes_;
  } else if (type_name(node) == "table_cell") {
    cells_.push_back(flow_.take());
  } else if (type_name(node) == "table_row" || type_name(node) == "table_header") {
    close_row(node);
  } else if (type_name(node) == "table") {
    // A table of a header alone still says something.
    if (header_pending_) builder_.add(BlockKind::table_row, self_describing_row({}, headers_), 0, line_of(node));
    headers_.clear();
  }
}

Status parse_and_walk(std::string_view body, const Input& input, Walk& walk) {
  const std::lock_guard lock(parsing);
  cmark_gfm_core_extensions_ensure_registered();
  BoundedMemory memory({.max_memory = input.options.max_unpacked_bytes, .stop = input.stop});
  memory_in_use = &memory;
  cmark_node* root = parse(memory, body);
  if (root == nullptr) return memory.reason();
  cmark_iter* iterator = cmark_iter_new(root);
  for (;;) {
    const cmark_event_type event = cmark_iter_next(iterator);
    if (event == CMARK_EVENT_DONE) return {};
    if (input.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
    cmark_node* node = cmark_iter_get_node(iterator);
    event == CMARK_EVENT_ENTER ? walk.enter(node) : walk.leave(node);
  }
}

// The language that the front matter states, as a primary tag.
std::string declared_language(const FrontMatter& front) {
  for (const char* key : {"lang", "language", "locale"}) {
    const auto found = front.values.find(key);
    if (found != front.values.end()) return primary_language(found->second);
  }
  return {};
}

}  // namespace

Result<ExtractedText> read_markdown(const Input& input) {
  Result<text::Decoded> decoded = text::decode(input.bytes);
  if (!decoded) return decoded.error();
  TextBuilder builder(input.options.max_text_bytes);
  note_decoding(*decoded, builder.result());
  FrontMatter front = parse_front_matter(decoded->utf8);
  Walk walk(builder, front.lines);
  const std::string_view body = std::string_view(decoded->utf8).substr(front.body_start);
  if (const Status status = parse_and_walk(body, input, walk); !status) return status.error();
  ExtractedText& result = builder.result();
  const auto title = front.values.find("title");
  result.title = title == front.values.end() ? walk.title() : title->second;
  result.language = declared_language(front);
  result.metadata = std::move(front.values);
  return builder.finish();
}

}  // namespace attune::reader
