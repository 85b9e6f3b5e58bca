// ByteSpan: a half-open range of bytes [start, end) in a UTF-8 text.
#pragma once

#include <cstddef>
#include <string_view>

namespace attune {

struct ByteSpan {
  std::size_t start = 0;
  std::size_t end = 0;

  [[nodiscard]] std::size_t size() const { return end - start; }
  [[nodiscard]] bool empty() const { return end <= start; }
  // The bytes of `text` that this span names. `text` must be the text that the span was made for.
  [[nodiscard]] std::string_view of(std::string_view text) const { return text.substr(start, end - start); }
  friend bool operator==(const ByteSpan&, const ByteSpan&) = default;
};

}  // namespace attune
