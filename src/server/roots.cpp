#include "server/roots.hpp"

#include <algorithm>

#include "attune/core/file.hpp"

namespace attune::server {
namespace {

namespace fs = std::filesystem;

// Both canonical.
bool is_below(const fs::path& folder, const fs::path& root) {
  const auto [in_root, in_folder] = std::mismatch(root.begin(), root.end(), folder.begin(), folder.end());
  return in_root == root.end();
}

}  // namespace

Result<std::vector<fs::path>> canonical_roots(const std::vector<fs::path>& named) {
  std::vector<fs::path> roots;
  for (const auto& root : named) {
    std::error_code error;
    auto canonical = fs::canonical(root, error);
    if (error) return Error{ErrorKind::bad_input, "the folder '" + to_utf8(root) + "': " + error.message()};
    roots.push_back(std::move(canonical));
  }
  return roots;
}

std::optional<fs::path> permitted_folder(const std::vector<fs::path>& roots, const fs::path& asked) {
  if (!asked.is_absolute() || asked.native().find('\0') != std::string::npos) return std::nullopt;
  std::error_code error;
  const fs::path folder = fs::weakly_canonical(asked, error);
  if (error) return std::nullopt;
  const bool permitted =
      std::any_of(roots.begin(), roots.end(), [&](const fs::path& root) { return is_below(folder, root); });
  if (!permitted) return std::nullopt;
  return folder;
}

}  // namespace attune::server
