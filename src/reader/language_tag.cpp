#include "reader/language_tag.hpp"

#include <cctype>

namespace attune::reader {

std::string primary_language(std::string_view tag) {
  const auto first = tag.find_first_not_of(" \t\n\"'");
  if (first == std::string_view::npos) return {};
  tag = tag.substr(first);
  std::string primary;
  for (const char c : tag.substr(0, tag.find_first_of("-_.@,; \t\n\"'"))) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalpha(byte) == 0 || byte >= 0x80) return {};
    primary += static_cast<char>(std::tolower(byte));
  }
  if (primary.size() < 2 || primary.size() > 3 || primary == "und") return {};
  return primary;
}

}  // namespace attune::reader
