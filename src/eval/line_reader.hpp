// Reads a text file line by line, gzipped or not, within bounds.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "attune/core/result.hpp"

namespace attune {

// Calls `take` with each line that is not empty, without its line end. What `take` fails with gains file and line.
// Fails with not_found, io, corrupt (a gzip stream that breaks off) or too_large (a line over 64 MiB).
Status for_each_line(const std::filesystem::path& file, const std::function<Status(std::string_view line)>& take);

// "<file>" or, where only that is there, "<file>.gz".
std::filesystem::path plain_or_gzipped(const std::filesystem::path& file);

}  // namespace attune
