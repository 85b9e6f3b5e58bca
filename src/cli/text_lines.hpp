// Texts from the command line, from a file, or from standard input, one a line.
#pragma once

#include <string>
#include <vector>

#include "attune/core/result.hpp"

namespace attune::cli {

inline constexpr std::size_t kMaxInputBytes = 256U << 20U;

// The lines of `path` ("-" is standard input) without their line ends. Fails with not_found, io or too_large.
Result<std::vector<std::string>> read_lines(const std::string& path);

}  // namespace attune::cli
