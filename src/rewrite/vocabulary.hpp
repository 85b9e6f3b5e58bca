// The collection's words, to be found by what they look or sound like.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "attune/store.hpp"

namespace attune {

class Vocabulary {
 public:
  struct Near {
    const IndexedTerm* term = nullptr;
    double distance = 0;
  };

  explicit Vocabulary(std::vector<IndexedTerm> terms) : terms_(std::move(terms)) {}

  // The `keep` terms that `typed` (lower case) may have meant, nearest and most frequent first. Terms are stems, so the
  // last letters of `typed` may have no part in it.
  [[nodiscard]] std::vector<Near> near(std::u32string_view typed, double most, std::size_t keep) const;

  // Terms of two to four Chinese characters that sound like `han`, itself left out, most frequent first.
  [[nodiscard]] std::vector<const IndexedTerm*> sounding_like(std::string_view han) const;

 private:
  using Sounds = std::unordered_map<std::string, std::vector<const IndexedTerm*>>;
  [[nodiscard]] Sounds listen() const;

  std::vector<IndexedTerm> terms_;
  mutable std::once_flag listened_;
  mutable Sounds sounds_;
};

}  // namespace attune
