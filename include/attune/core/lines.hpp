// Lines: reads a text file line by line, gzipped or not, within bounds, and writes one. Thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "attune/core/result.hpp"

namespace attune {

// Calls `take` with each line that is not empty, without its line end. What `take` fails with gains file and line.
// Fails with not_found, io, corrupt (a gzip stream that breaks off) or too_large (a line over 64 MiB).
Status for_each_line(const std::filesystem::path& file, const std::function<Status(std::string_view line)>& take);

// "<file>" or, where only that is there, "<file>.gz".
std::filesystem::path plain_or_gzipped(const std::filesystem::path& file);

// The bytes as a gzip stream; the same bytes always give the same stream (it carries no time). Fails with too_large at
// 4 GiB and more.
Result<std::string> gzipped(std::string_view bytes);

}  // namespace attune
