#include "tokenizer/piece_trie.hpp"

#include <algorithm>

namespace attune {
namespace {

// A key with its first eight bytes as one number: most comparisons, and most steps down the trie, need no more.
struct SortKey {
  std::uint64_t head = 0;
  std::string_view bytes;
  std::int32_t id = 0;

  [[nodiscard]] std::uint8_t byte_at(std::size_t depth) const {
    return depth < 8 ? static_cast<std::uint8_t>(head >> (56 - 8 * depth)) : static_cast<std::uint8_t>(bytes[depth]);
  }
};

std::uint64_t head_of(std::string_view bytes) {
  std::uint64_t head = 0;
  for (std::size_t at = 0; at < 8; ++at) {
    head = (head << 8U) | (at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U);
  }
  return head;
}

// One pass of a radix sort, by 16 bits of the head; keeps the order of equal ones.
void sort_by_digit(std::vector<SortKey>& keys, std::vector<SortKey>& spare, unsigned shift) {
  constexpr std::size_t kDigits = 65536;
  const auto digit = [shift](const SortKey& key) { return (key.head >> shift) % kDigits; };
  std::vector<std::uint32_t> places(kDigits + 1, 0);
  for (const SortKey& key : keys) ++places[digit(key) + 1];
  for (std::size_t i = 1; i < places.size(); ++i) places[i] += places[i - 1];
  for (const SortKey& key : keys) spare[places[digit(key)]++] = key;
  keys.swap(spare);
}

std::vector<SortKey> sorted(const std::vector<PieceTrie::Key>& keys) {
  std::vector<SortKey> order;
  order.reserve(keys.size());
  for (const PieceTrie::Key& key : keys) order.push_back({head_of(key.bytes), key.bytes, key.id});
  const auto by_bytes = [](const SortKey& left, const SortKey& right) { return left.bytes < right.bytes; };
  constexpr std::size_t kFew = 20'000;
  if (order.size() < kFew) {
    std::ranges::sort(order, by_bytes);
    return order;
  }
  // A quarter of a million pieces are sorted at every start: four passes over them, then the few with equal heads.
  std::vector<SortKey> spare(order.size());
  for (const unsigned shift : {0U, 16U, 32U, 48U}) sort_by_digit(order, spare, shift);
  for (auto first = order.begin(); first != order.end();) {
    const auto last = std::find_if(first, order.end(), [&](const SortKey& key) { return key.head != first->head; });
    if (last - first > 1) std::sort(first, last, by_bytes);
    first = last;
  }
  return order;
}

// The keys under one node: they share their first bytes.
struct Range {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

}  // namespace

PieceTrie::PieceTrie(const std::vector<Key>& unsorted, std::int32_t& repeated) {
  repeated = -1;
  std::vector<SortKey> keys = sorted(unsorted);
  std::size_t bytes = 0;
  for (std::size_t index = 0; index < keys.size(); ++index) {
    bytes += keys[index].bytes.size();
    if (index > 0 && keys[index].bytes == keys[index - 1].bytes) repeated = keys[index].id;
  }
  if (repeated >= 0) keys.clear();

  // Pieces share their beginnings: about half of their bytes become nodes.
  first_child_.reserve(bytes / 2);
  label_.reserve(bytes / 2);
  piece_.reserve(bytes / 2);
  label_.push_back(0);
  std::vector<Range> level = {{0, static_cast<std::uint32_t>(keys.size())}};
  std::vector<Range> next;
  for (std::size_t depth = 0; !level.empty(); ++depth) {
    next.clear();
    for (Range range : level) {
      const bool ends_here = depth > 0 && range.begin < range.end && keys[range.begin].bytes.size() == depth;
      piece_.push_back(ends_here ? keys[range.begin].id : -1);
      if (ends_here) ++range.begin;
      first_child_.push_back(static_cast<std::uint32_t>(label_.size()));
      while (range.begin < range.end) {
        const std::uint8_t byte = keys[range.begin].byte_at(depth);
        std::uint32_t end = range.begin + 1;
        while (end < range.end && keys[end].byte_at(depth) == byte) ++end;
        label_.push_back(byte);
        next.push_back({range.begin, end});
        range.begin = end;
      }
    }
    level.swap(next);
  }
  first_child_.push_back(static_cast<std::uint32_t>(label_.size()));

  root_.fill(kNone);
  for (std::uint32_t child = first_child_[kRoot]; child < first_child_[kRoot + 1]; ++child)
    root_[label_[child]] = child;
}

}  // namespace attune
