// Many lists, one order.
#include <algorithm>
#include <map>

#include "attune/retrieve.hpp"

namespace attune {
namespace {

// The leg's share for each chunk of its list, in order.
class Convex {
 public:
  Convex(const LegResult& leg, float weights) : leg_(leg), share_(leg.weight / weights) {
    const auto [least, most] = std::ranges::minmax(leg.chunks, {}, &ScoredChunk::score);
    least_ = least.score;
    range_ = most.score - least.score;
  }
  [[nodiscard]] float contribution(std::size_t place) const {
    // A list that does not tell its chunks apart says of each that it is as good as the leg found any.
    const float normalised = range_ > 0 ? (leg_.chunks[place].score - least_) / range_ : 1.0F;
    return share_ * normalised;
  }

 private:
  const LegResult& leg_;
  float share_;
  float least_ = 0;
  float range_ = 0;
};

float reciprocal_rank(const LegResult& leg, std::size_t place, float rrf_k) {
  return leg.weight / (rrf_k + static_cast<float>(place + 1));
}

// Gives the share of legs that have not seen a chunk to those that have.
void scale_up_unseen(std::span<const LegResult> legs, float weights, std::map<std::int64_t, FusedChunk>& by_id) {
  std::map<std::int64_t, float> silent;  // chunk id → weight of the legs that have not seen it
  for (const LegResult& leg : legs) {
    if (leg.chunks.empty()) continue;
    for (const std::int64_t chunk_id : leg.unseen) silent[chunk_id] += leg.weight;
  }
  for (const auto& [chunk_id, weight] : silent) {
    const auto found = by_id.find(chunk_id);
    if (found == by_id.end() || !(weight < weights)) continue;
    const float scale = weights / (weights - weight);
    found->second.score *= scale;
    for (ScorePart& part : found->second.parts) part.contribution *= scale;
  }
}

}  // namespace

std::vector<FusedChunk> fuse(std::span<const LegResult> legs, FusionMethod method, float rrf_k) {
  float weights = 0;
  for (const LegResult& leg : legs) weights += leg.chunks.empty() ? 0 : leg.weight;

  std::map<std::int64_t, FusedChunk> by_id;
  for (const LegResult& leg : legs) {
    if (leg.chunks.empty() || !(leg.weight > 0)) continue;
    const Convex convex(leg, weights);
    for (std::size_t place = 0; place < leg.chunks.size(); ++place) {
      const ScoredChunk& found = leg.chunks[place];
      const float contribution =
          method == FusionMethod::rrf ? reciprocal_rank(leg, place, rrf_k) : convex.contribution(place);
      FusedChunk& fused = by_id[found.chunk_id];
      fused.chunk_id = found.chunk_id;
      fused.score += contribution;
      fused.parts.push_back({leg.leg, static_cast<int>(place) + 1, found.score, contribution});
    }
  }
  scale_up_unseen(legs, weights, by_id);
  std::vector<FusedChunk> all;
  all.reserve(by_id.size());
  for (auto& entry : by_id) all.push_back(std::move(entry.second));
  std::ranges::stable_sort(all, std::greater<>(), &FusedChunk::score);  // ids ascend already
  return all;
}

}  // namespace attune
