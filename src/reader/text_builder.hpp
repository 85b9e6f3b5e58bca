// TextBuilder: how every reader puts together text and blocks, so that spans, separators and limits are the same in
// all.
#pragma once

#include <string>
#include <string_view>

#include "attune/data/document.hpp"

namespace attune::reader {

class TextBuilder {
 public:
  // Text past `max_text_bytes` is left out, with one note.
  explicit TextBuilder(std::size_t max_text_bytes) : max_bytes_(max_text_bytes) {}

  // Appends one block after a blank line (a single line end between table rows and between list items). `text` must be
  // valid UTF-8; white space at its ends is taken off; empty text adds nothing.
  void add(BlockKind kind, std::string_view text, int page = 0, int line = 0) {
    add_block({kind, {}, 0, page, line}, text);
  }
  void add_heading(int level, std::string_view text, int page = 0, int line = 0) {
    add_block({BlockKind::heading, {}, level, page, line}, text);
  }

  [[nodiscard]] bool full() const { return full_; }
  [[nodiscard]] bool empty() const { return result_.blocks.empty(); }

  // Title, metadata, language and notes are set here directly.
  ExtractedText& result() { return result_; }
  // The finished text; the builder is empty afterwards.
  ExtractedText finish();

 private:
  void add_block(Block block, std::string_view text);

  ExtractedText result_;
  std::size_t max_bytes_;
  bool full_ = false;
};

}  // namespace attune::reader
