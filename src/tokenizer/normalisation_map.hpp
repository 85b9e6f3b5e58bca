// The normalisation map of a Unigram vocabulary: one code point becomes none, one or several (NFKC and the like).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"

namespace attune {

struct CodePoint {
  std::uint32_t value = 0;
  std::uint32_t bytes = 0;  // that it takes in the text
};

// The code point at the head of `text`, which must not be empty. A malformed sequence reads as U+FFFD and takes its
// longest well-formed beginning, at least one byte.
CodePoint decode_utf8(std::string_view text);

// Appends the UTF-8 of `code_point` to `out`.
void append_utf8(std::uint32_t code_point, std::string& out);

class NormalisationMap {
 public:
  NormalisationMap() = default;
  // Fails with bad_input when the parts do not fit together, are not sorted or name no Unicode scalar value.
  static Result<NormalisationMap> create(const std::vector<std::uint32_t>& from,
                                         const std::vector<std::uint8_t>& counts, std::vector<std::uint32_t> to);

  // What `code_point` becomes: itself where the map has nothing to say, so it must live as long as the answer.
  [[nodiscard]] std::span<const std::uint32_t> apply(const std::uint32_t& code_point) const;

 private:
  struct Entry {
    std::uint32_t from = 0;
    std::uint32_t start = 0;  // in to_
    std::uint32_t count = 0;
  };
  std::vector<Entry> entries_;  // by `from`
  std::vector<std::uint32_t> to_;
  std::vector<std::int32_t> low_;  // [0x3100] entry of each low code point, -1: none; most text never searches
};

}  // namespace attune
