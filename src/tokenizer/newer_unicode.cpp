#include "tokenizer/newer_unicode.hpp"

#include <algorithm>
#include <array>

#include "tokenizer/normalisation_map.hpp"

namespace attune {
namespace {

struct Range {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  NewerKind kind = NewerKind::none;
};

constexpr NewerKind kLetter = NewerKind::letter;
constexpr NewerKind kNumber = NewerKind::number;
constexpr NewerKind kMark = NewerKind::mark;

// Ascending.
constexpr auto kRanges = std::to_array<Range>({
    {0x0897, 0x0897, kMark},     {0x1C89, 0x1C8A, kLetter},   {0xA7CB, 0xA7CD, kLetter},   {0xA7DA, 0xA7DC, kLetter},
    {0x105C0, 0x105F3, kLetter}, {0x10D40, 0x10D49, kNumber}, {0x10D4A, 0x10D65, kLetter}, {0x10D69, 0x10D6D, kMark},
    {0x10D6F, 0x10D85, kLetter}, {0x10EC2, 0x10EC4, kLetter}, {0x10EFC, 0x10EFC, kMark},   {0x11380, 0x11389, kLetter},
    {0x1138B, 0x1138B, kLetter}, {0x1138E, 0x1138E, kLetter}, {0x11390, 0x113B5, kLetter}, {0x113B7, 0x113B7, kLetter},
    {0x113B8, 0x113C0, kMark},   {0x113C2, 0x113C2, kMark},   {0x113C5, 0x113C5, kMark},   {0x113C7, 0x113CA, kMark},
    {0x113CC, 0x113D0, kMark},   {0x113D1, 0x113D1, kLetter}, {0x113D2, 0x113D2, kMark},   {0x113D3, 0x113D3, kLetter},
    {0x113E1, 0x113E2, kMark},   {0x116D0, 0x116E3, kNumber}, {0x11BC0, 0x11BE0, kLetter}, {0x11BF0, 0x11BF9, kNumber},
    {0x11F5A, 0x11F5A, kMark},   {0x13460, 0x143FA, kLetter}, {0x16100, 0x1611D, kLetter}, {0x1611E, 0x1612F, kMark},
    {0x16130, 0x16139, kNumber}, {0x16D40, 0x16D6C, kLetter}, {0x16D70, 0x16D79, kNumber}, {0x18CFF, 0x18CFF, kLetter},
    {0x1CCF0, 0x1CCF9, kNumber}, {0x1E5D0, 0x1E5ED, kLetter}, {0x1E5EE, 0x1E5EF, kMark},   {0x1E5F0, 0x1E5F0, kLetter},
    {0x1E5F1, 0x1E5FA, kNumber}, {0x2EBF0, 0x2EE5D, kLetter},
});

}  // namespace

NewerKind newer_kind(std::uint32_t c) {
  const auto range = std::lower_bound(kRanges.begin(), kRanges.end(), c,
                                      [](const Range& left, std::uint32_t right) { return left.last < right; });
  return range != kRanges.end() && range->first <= c ? range->kind : NewerKind::none;
}

std::uint32_t newer_lower_case(std::uint32_t c) {
  if (c >= 0x10D50 && c <= 0x10D65) return c + 0x20;
  if (c >= 0x16EA0 && c <= 0x16EB8) return c + 0x1B;
  switch (c) {
    case 0x1C89:
    case 0xA7CC:
    case 0xA7CE:
    case 0xA7D2:
    case 0xA7D4:
    case 0xA7DA:
      return c + 1;
    case 0xA7CB:
      return 0x0264;
    case 0xA7DC:
      return 0x019B;
    default:
      return c;
  }
}

std::string newer_ranges(NewerKind kind) {
  std::string set;
  for (const Range& range : kRanges) {
    if (range.kind != kind) continue;
    append_utf8(range.first, set);
    set += '-';
    append_utf8(range.last, set);
  }
  return set;
}

}  // namespace attune
