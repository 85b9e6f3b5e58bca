// All pieces of a vocabulary as a byte trie: from a place in a text, every piece that begins there in one walk.
//
// Built from sorted pieces level by level, so that the children of a node lie side by side; no node is visited twice.
// Read-only after construction.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace attune {

class PieceTrie {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::uint32_t kRoot = 0;

  // A piece and the id to find it by.
  struct Key {
    std::string_view bytes;  // not empty; only read during construction
    std::int32_t id = 0;
  };

  PieceTrie() = default;
  // `repeated` (on return) is the id of a piece that was there before, or -1.
  PieceTrie(const std::vector<Key>& keys, std::int32_t& repeated);

  // The node one byte further, kNone if no piece goes on like this.
  [[nodiscard]] std::uint32_t step(std::uint32_t node, unsigned char byte) const {
    if (node == kRoot) return root_[byte];
    const std::uint32_t first = first_child_[node];
    const std::uint32_t end = first_child_[node + 1];
    for (std::uint32_t child = first; child < end; ++child) {
      if (label_[child] >= byte) return label_[child] == byte ? child : kNone;
    }
    return kNone;
  }

  // The piece that ends at `node`, -1 if none does.
  [[nodiscard]] std::int32_t piece_at(std::uint32_t node) const { return piece_[node]; }

 private:
  std::vector<std::uint32_t> first_child_;  // [nodes + 1]; a node's children end where the next node's begin
  std::vector<std::uint8_t> label_;         // [nodes] the byte that leads here
  std::vector<std::int32_t> piece_;         // [nodes]
  std::array<std::uint32_t, 256> root_{};
};

}  // namespace attune
