// Web pages (gumbo): the main text without navigation, in blocks.
#include "reader/html.hpp"

#include <string>

#include "attune/text.hpp"

#include "reader/html_head.hpp"
#include "reader/source_lines.hpp"
#include "reader/xhtml.hpp"

namespace attune::reader {
namespace {

// A page whose text is shorter than this without its link lists is an index, and the lists are its content.
constexpr std::size_t kLeastText = 200;

Status add_decoded(std::string_view utf8, const Input& input, HtmlBlockOptions options, TextBuilder& builder) {
  const ParserBounds bounds{.max_memory = input.options.max_unpacked_bytes, .stop = input.stop};
  const Result<HtmlTree> tree = HtmlTree::parse(utf8, input.options.max_nesting, bounds);
  if (!tree) return tree.error();
  const HtmlContent content(tree->root());
  read_html_head(tree->root(), builder.result());
  if (!options.keep_link_clusters) {
    TextBuilder trial(input.options.max_text_bytes);
    add_html_blocks(content, options, input.stop, trial);
    options.keep_link_clusters = trial.result().text.size() < kLeastText;
  }
  add_html_blocks(content, options, input.stop, builder);
  if (input.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
  return {};
}

}  // namespace

Status add_html(std::string_view utf8, const Input& input, const HtmlBlockOptions& options, TextBuilder& builder) {
  if (!is_xhtml(utf8)) return add_decoded(utf8, input, options, builder);
  return add_decoded(without_self_closing_tags(utf8), input, options, builder);
}

std::string text_of_html_fragment(std::string_view utf8) {
  const std::filesystem::path path;
  const ReadOptions options;
  TextBuilder builder(options.max_text_bytes);
  const Status status = add_html(utf8, {path, utf8, options, {}}, {.keep_link_clusters = true}, builder);
  return status ? builder.finish().text : std::string();
}

Result<ExtractedText> read_html(const Input& input) {
  Result<text::Decoded> decoded = text::decode(input.bytes, declared_charset(input.bytes));
  if (!decoded) return decoded.error();
  TextBuilder builder(input.options.max_text_bytes);
  note_decoding(*decoded, builder.result());
  if (const Status status = add_html(decoded->utf8, input, {}, builder); !status) return status.error();
  ExtractedText result = builder.finish();
  if (result.title.empty()) {
    for (const Block& block : result.blocks) {
      if (block.kind != BlockKind::heading) continue;
      result.title = block.span.of(result.text);
      break;
    }
  }
  return result;
}

}  // namespace attune::reader
