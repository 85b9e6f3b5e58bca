// Roots: the folders that the operator named, and whether another lies below them.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "attune/core/result.hpp"

namespace attune::server {

// With symbolic links resolved. Fails with bad_input for one that is not there.
Result<std::vector<std::filesystem::path>> canonical_roots(const std::vector<std::filesystem::path>& named);

// `asked` with its symbolic links resolved, if it is one of the roots (canonical) or lies below one; it need not exist.
// Nothing for a relative path. The same answer whether a folder elsewhere exists or not.
std::optional<std::filesystem::path> permitted_folder(const std::vector<std::filesystem::path>& roots,
                                                      const std::filesystem::path& asked);

}  // namespace attune::server
