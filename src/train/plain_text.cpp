#include "train/plain_text.hpp"

namespace attune::train {
namespace {

constexpr bool within(unsigned char byte, unsigned char low, unsigned char high) {
  return low <= byte && byte <= high;
}

// General punctuation (U+2000 … U+207F), ideographic punctuation (U+3000 … U+303F) and the full-width forms of ASCII's:
// each three bytes long.
bool is_wide_punctuation(std::string_view rest) {
  if (rest.size() < 3) return false;
  const auto first = static_cast<unsigned char>(rest[0]);
  const auto second = static_cast<unsigned char>(rest[1]);
  const auto third = static_cast<unsigned char>(rest[2]);
  if (first == 0xE2) return second == 0x80 || second == 0x81;
  if (first == 0xE3) return second == 0x80;
  if (first != 0xEF) return false;
  if (second == 0xBC) return within(third, 0x81, 0x8F) || within(third, 0x9A, 0xA0) || within(third, 0xBB, 0xBF);
  return second == 0xBD && (third == 0x80 || within(third, 0x9B, 0xA5));
}

}  // namespace

std::string plain_text(std::string_view utf8) {
  std::string plain;
  plain.reserve(utf8.size());
  for (std::size_t at = 0; at < utf8.size();) {
    const auto byte = static_cast<unsigned char>(utf8[at]);
    if (byte < 0x80) {
      if (within(byte, 'a', 'z') || within(byte, '0', '9')) plain += utf8[at];
      if (within(byte, 'A', 'Z')) plain += static_cast<char>(byte - 'A' + 'a');
      ++at;
    } else if (is_wide_punctuation(utf8.substr(at))) {
      at += 3;
    } else {
      plain += utf8[at++];
    }
  }
  return plain;
}

}  // namespace attune::train
