#include "tokenizer/normalisation_map.hpp"

#include <algorithm>
#include <string>

namespace attune {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;
constexpr std::uint32_t kLowEnd = 0x3100;

bool is_scalar_value(std::uint32_t value) {
  return value < 0xD800 || (value >= 0xE000 && value <= 0x10FFFF);
}

// What the first byte of a sequence promises.
struct Lead {
  std::uint32_t bytes = 0;  // 0: no lead byte at all
  std::uint32_t bits = 0;
  unsigned char second_low = 0x80;   // the second byte's range is narrower after some leads: no overlong forms, no
  unsigned char second_high = 0xBF;  // surrogates, nothing above U+10FFFF
};

Lead lead_of(unsigned char byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2, byte & 0x1FU};
  if (byte == 0xE0) return {3, 0, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x0D, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, byte & 0x0FU};
  if (byte == 0xF0) return {4, 0, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, byte & 0x07U};
  if (byte == 0xF4) return {4, 4, 0x80, 0x8F};
  return {};
}

}  // namespace

CodePoint decode_utf8(std::string_view text) {
  const auto byte_at = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  if (byte_at(0) < 0x80) return {byte_at(0), 1};
  const Lead lead = lead_of(byte_at(0));
  if (lead.bytes == 0) return {kReplacement, 1};
  std::uint32_t value = lead.bits;
  for (std::uint32_t index = 1; index < lead.bytes; ++index) {
    if (index >= text.size()) return {kReplacement, index};
    const unsigned char low = index == 1 ? lead.second_low : 0x80;
    const unsigned char high = index == 1 ? lead.second_high : 0xBF;
    if (byte_at(index) < low || byte_at(index) > high) return {kReplacement, index};
    value = (value << 6U) | (byte_at(index) & 0x3FU);
  }
  return {value, lead.bytes};
}

void append_utf8(std::uint32_t code_point, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0U | (code_point >> 6U));
    put(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    put(0xE0U | (code_point >> 12U));
    put(0x80U | ((code_point >> 6U) & 0x3FU));
    put(0x80U | (code_point & 0x3FU));
  } else {
    put(0xF0U | (code_point >> 18U));
    put(0x80U | ((code_point >> 12U) & 0x3FU));
    put(0x80U | ((code_point >> 6U) & 0x3FU));
    put(0x80U | (code_point & 0x3FU));
  }
}

Result<NormalisationMap> NormalisationMap::create(const std::vector<std::uint32_t>& from,
                                                  const std::vector<std::uint8_t>& counts,
                                                  std::vector<std::uint32_t> to) {
  const auto bad = [](const char* text) { return Error{ErrorKind::bad_input, text}; };
  if (from.size() != counts.size()) return bad("the normalisation map has not one count for each code point");
  NormalisationMap map;
  map.low_.assign(kLowEnd, -1);
  map.entries_.reserve(from.size());
  std::size_t start = 0;
  for (std::size_t index = 0; index < from.size(); ++index) {
    if (index > 0 && from[index] <= from[index - 1]) return bad("the normalisation map is not sorted");
    if (!is_scalar_value(from[index])) return bad("the normalisation map names a code point that is none");
    if (from[index] < kLowEnd) map.low_[from[index]] = static_cast<std::int32_t>(index);
    map.entries_.push_back({from[index], static_cast<std::uint32_t>(start), counts[index]});
    start += counts[index];
  }
  if (start != to.size()) return bad("the normalisation map's counts do not add up to its replacements");
  if (!std::all_of(to.begin(), to.end(), is_scalar_value)) {
    return bad("the normalisation map gives a code point that is none");
  }
  map.to_ = std::move(to);
  return map;
}

std::span<const std::uint32_t> NormalisationMap::apply(const std::uint32_t& code_point) const {
  const Entry* entry = nullptr;
  if (code_point < low_.size()) {
    if (low_[code_point] >= 0) entry = &entries_[static_cast<std::size_t>(low_[code_point])];
  } else {
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), code_point,
                                        [](const Entry& left, std::uint32_t right) { return left.from < right; });
    if (found != entries_.end() && found->from == code_point) entry = &*found;
  }
  if (entry == nullptr) return {&code_point, 1};
  return std::span(to_).subspan(entry->start, entry->count);
}

}  // namespace attune
