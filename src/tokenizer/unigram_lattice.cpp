#include "tokenizer/unigram_lattice.hpp"

#include <algorithm>

namespace attune {

// Offers every piece that begins at character `at` to the boundary where it ends.
void UnigramLattice::extend(const SpelledWord& word, std::size_t at, std::size_t first, std::size_t end,
                            const LatticeRules& rules) {
  const double score = best_[at - first].score;
  const auto offer = [&](std::size_t to, double total, std::int32_t id) {
    Best& best = best_[to - first];
    if (best.reached && total <= best.score) return;
    best = {total, id, static_cast<std::uint32_t>(at), true};
  };

  bool single = false;  // is the character itself a piece?
  std::uint32_t node = PieceTrie::kRoot;
  for (std::size_t to = at + 1; to <= end && node != PieceTrie::kNone; ++to) {
    for (std::uint32_t byte = word.starts[to - 1]; byte < word.starts[to] && node != PieceTrie::kNone; ++byte) {
      node = rules.trie->step(node, static_cast<unsigned char>(word.bytes[byte]));
    }
    if (node == PieceTrie::kNone) break;
    const std::int32_t id = rules.trie->piece_at(node);
    if (id < 0) continue;
    const auto index = static_cast<std::size_t>(id);
    if (!rules.rows.empty() && rules.rows[index] < 0) continue;
    single = single || to == at + 1;
    offer(to, score + rules.scores[index], id);
  }
  if (!single) offer(at + 1, score + rules.unknown_score, rules.unknown_id);
}

std::span<const LatticePiece> UnigramLattice::cut(const SpelledWord& word, std::size_t first, std::size_t end,
                                                  const LatticeRules& rules) {
  best_.assign(end - first + 1, Best{});
  best_[0].reached = true;
  for (std::size_t at = first; at < end; ++at) extend(word, at, first, end, rules);

  pieces_.clear();
  for (std::size_t at = end; at > first;) {
    const Best& best = best_[at - first];
    const bool joins = !pieces_.empty() && best.id == rules.unknown_id && pieces_.back().id == rules.unknown_id;
    if (joins) {
      pieces_.back().first = best.from;
    } else {
      pieces_.push_back({best.id, best.from, static_cast<std::uint32_t>(at)});
    }
    at = best.from;
  }
  std::reverse(pieces_.begin(), pieces_.end());
  return pieces_;
}

}  // namespace attune
