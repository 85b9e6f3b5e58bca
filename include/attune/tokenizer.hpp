// Tokenizer: which ids is this text, and which bytes of the text does each id stand for.
//
// Comes before every model. Thread-safe after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/byte_span.hpp"

namespace attune {

struct Encoding {
  std::vector<std::int32_t> ids;  // [T]
  std::vector<ByteSpan> offsets;  // [T] in the original text; empty span for special tokens
};

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // The ids of `text` alone, without special tokens. Never fails: what has no piece becomes the unknown id.
  [[nodiscard]] virtual Encoding encode(std::string_view text) const = 0;

  // ids.size() of encode(text), without making it.
  [[nodiscard]] virtual std::size_t count(std::string_view text) const { return encode(text).ids.size(); }

  // The piece an id stands for, as UTF-8 ("▁the"). `id` must be in range.
  [[nodiscard]] virtual std::string_view piece(std::int32_t id) const = 0;

  [[nodiscard]] virtual std::int32_t vocabulary_size() const = 0;
};

}  // namespace attune
