#include "cli/text_lines.hpp"

#include <fstream>
#include <iostream>

#include "attune/core/file.hpp"

namespace attune::cli {
namespace {

Result<std::string> whole_input(const std::string& path) {
  if (path != "-") return read_file(path, kMaxInputBytes);
  std::string bytes;
  std::string piece(1U << 16U, '\0');
  while (std::cin.read(piece.data(), static_cast<std::streamsize>(piece.size())) || std::cin.gcount() > 0) {
    bytes.append(piece, 0, static_cast<std::size_t>(std::cin.gcount()));
    if (bytes.size() > kMaxInputBytes) return Error{ErrorKind::too_large, "standard input is larger than 256 MiB"};
  }
  return bytes;
}

}  // namespace

Result<std::vector<std::string>> read_lines(const std::string& path) {
  const auto bytes = whole_input(path);
  if (!bytes) return bytes.error();
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < bytes->size();) {
    std::size_t end = bytes->find('\n', at);
    if (end == std::string::npos) end = bytes->size();
    std::string line = bytes->substr(at, end - at);
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
    at = end + 1;
  }
  return lines;
}

}  // namespace attune::cli
