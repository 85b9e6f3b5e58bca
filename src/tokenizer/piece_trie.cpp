#include "tokenizer/piece_trie.hpp"

#include <algorithm>

namespace attune {
namespace {

// Sorting compares the first eight bytes as one number: most pairs are decided without touching the strings.
struct SortKey {
  std::uint64_t head = 0;
  std::uint32_t index = 0;
};

std::uint64_t head_of(std::string_view bytes) {
  std::uint64_t head = 0;
  for (std::size_t at = 0; at < 8; ++at) {
    head = (head << 8U) | (at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U);
  }
  return head;
}

std::vector<PieceTrie::Key> sorted(const std::vector<PieceTrie::Key>& keys) {
  std::vector<SortKey> order;
  order.reserve(keys.size());
  for (std::uint32_t index = 0; index < keys.size(); ++index) order.push_back({head_of(keys[index].bytes), index});
  std::sort(order.begin(), order.end(), [&](const SortKey& left, const SortKey& right) {
    if (left.head != right.head) return left.head < right.head;
    return keys[left.index].bytes < keys[right.index].bytes;
  });
  std::vector<PieceTrie::Key> result;
  result.reserve(keys.size());
  for (const SortKey& key : order) result.push_back(keys[key.index]);
  return result;
}

// The keys under one node: they share their first bytes.
struct Range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

}  // namespace

PieceTrie::PieceTrie(std::vector<Key> keys, std::int32_t& repeated) {
  repeated = -1;
  keys = sorted(keys);
  for (std::size_t index = 1; index < keys.size(); ++index) {
    if (keys[index].bytes == keys[index - 1].bytes) repeated = keys[index].id;
  }
  if (repeated >= 0) keys.clear();

  label_.push_back(0);
  std::vector<Range> level = {{0, static_cast<std::uint32_t>(keys.size())}};
  for (std::size_t depth = 0; !level.empty(); ++depth) {
    std::vector<Range> next;
    for (Range range : level) {
      const bool ends_here = depth > 0 && range.begin < range.end && keys[range.begin].bytes.size() == depth;
      piece_.push_back(ends_here ? keys[range.begin].id : -1);
      if (ends_here) ++range.begin;
      first_child_.push_back(static_cast<std::uint32_t>(label_.size()));
      while (range.begin < range.end) {
        const char byte = keys[range.begin].bytes[depth];
        std::uint32_t end = range.begin + 1;
        while (end < range.end && keys[end].bytes[depth] == byte) ++end;
        label_.push_back(static_cast<std::uint8_t>(byte));
        next.push_back({range.begin, end});
        range.begin = end;
      }
    }
    level = std::move(next);
  }
  first_child_.push_back(static_cast<std::uint32_t>(label_.size()));

  root_.fill(kNone);
  for (std::uint32_t child = first_child_[kRoot]; child < first_child_[kRoot + 1]; ++child)
    root_[label_[child]] = child;
}

}  // namespace attune
