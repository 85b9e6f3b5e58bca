#include "retrieve/near_duplicates.hpp"

#include <algorithm>

#include "attune/core/dot_product.hpp"

namespace attune {

bool NearDuplicates::alike(const Kept& left, const Kept& right) const {
  if (left.text == right.text) return true;
  if (left.language != right.language || left.vector.empty() || right.vector.empty()) return false;
  return dot_product(left.vector, right.vector) > threshold_;
}

bool NearDuplicates::keep(const ChunkRecord& record) {
  if (!(threshold_ > 0)) return true;
  Kept candidate{record.chunk.text, record.document.language, {}};
  if (vectors_ != nullptr) {
    auto vector = vectors_->vectors_of(std::span(&record.chunk.id, 1));
    if (vector) candidate.vector = std::move(*vector);
  }
  if (std::ranges::any_of(kept_, [&](const Kept& kept) { return alike(kept, candidate); })) {
    ++left_out_;
    return false;
  }
  kept_.push_back(std::move(candidate));
  return true;
}

}  // namespace attune
