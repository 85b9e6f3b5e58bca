// Near-duplicates: the second copy of a passage tells a reader nothing new, so it makes room for another.
//
// Like maximal marginal relevance with a hard edge: a hit stays unless it is too like one that stands before it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/index.hpp"
#include "attune/store.hpp"

namespace attune {

class NearDuplicates {
 public:
  // `vectors` may be nullptr: then only passages with the same text count as duplicates. `threshold` 0 turns all off.
  NearDuplicates(const VectorIndex* vectors, float threshold) : vectors_(vectors), threshold_(threshold) {}

  // True if the passage is new against all that were kept so far, and keeps it. Passages in two languages are never
  // duplicates: a translation serves another reader.
  bool keep(const ChunkRecord& record);

  [[nodiscard]] std::size_t left_out() const { return left_out_; }

 private:
  struct Kept {
    std::string text;
    std::string language;
    std::vector<float> vector;  // empty if it has none yet
  };
  [[nodiscard]] bool alike(const Kept& left, const Kept& right) const;

  const VectorIndex* vectors_;
  float threshold_;
  std::vector<Kept> kept_;
  std::size_t left_out_ = 0;
};

}  // namespace attune
