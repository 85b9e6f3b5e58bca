#include <string>
#include <string_view>

#include "attune/text.hpp"

#include "text/characters.hpp"

namespace attune::text {
namespace {

constexpr std::string_view kReplacementBytes = "\xEF\xBF\xBD";

// True if the character that ends at `end` was really written as U+FFFD.
bool is_written_replacement(std::string_view bytes, std::size_t start, std::size_t end) {
  return bytes.substr(start, end - start) == kReplacementBytes;
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t start = at;
    if (next_character(bytes, at) == kReplacement && !is_written_replacement(bytes, start, at)) return false;
  }
  return true;
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string valid;
  valid.reserve(bytes.size());
  std::size_t copied = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t start = at;
    if (next_character(bytes, at) != kReplacement) continue;
    valid.append(bytes, copied, start - copied);
    valid += kReplacementBytes;
    copied = at;
  }
  valid.append(bytes, copied);
  return valid;
}

}  // namespace attune::text
