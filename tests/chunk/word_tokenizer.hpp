// A tokenizer that a reader of a test can follow: each word is a token, each character of Han is one, and words longer
// than eight bytes are cut into tokens of at most eight.
#pragma once

#include <string_view>

#include "attune/tokenizer.hpp"

namespace attune {

class WordTokenizer : public Tokenizer {
 public:
  [[nodiscard]] Encoding encode(std::string_view text) const override {
    Encoding encoding;
    std::size_t start = 0;
    const auto close = [&](std::size_t end) {
      if (end == start) return;
      encoding.ids.push_back(0);
      encoding.offsets.push_back({start, end});
      start = end;
    };
    for (std::size_t at = 0; at < text.size();) {
      std::size_t size = 1;
      while (at + size < text.size() && (static_cast<unsigned char>(text[at + size]) & 0xC0U) == 0x80U) ++size;
      const bool space = text[at] == ' ' || text[at] == '\n' || text[at] == '\t';
      if (space || size > 2 || at + size - start > 8) close(at);
      if (space) start = at + size;
      at += size;
      if (size > 2) close(at);
    }
    close(text.size());
    return encoding;
  }
  [[nodiscard]] std::string_view piece(std::int32_t /*id*/) const override { return "word"; }
  [[nodiscard]] std::int32_t vocabulary_size() const override { return 1; }
};

}  // namespace attune
