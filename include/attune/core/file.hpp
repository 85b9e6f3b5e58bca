// Files: bounded reads, durable writes, and the hash that names a file's content. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "attune/core/result.hpp"

namespace attune {

// The whole file. Fails with not_found, with io (permission, a directory), or with too_large past `max_bytes`.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes);

// Writes so that after a crash either the old or the new file is there, whole: temporary name in the same directory,
// write, fsync, rename, fsync of the directory; every step is checked. Fails with io and leaves the old file.
Status write_file_durably(const std::filesystem::path& path, std::string_view bytes);

// Lower-case hexadecimal SHA-256 of `bytes` (64 characters).
std::string sha256_hex(std::string_view bytes);

// The same over a file's bytes, read in pieces. Fails like read_file.
Result<std::string> sha256_hex_of_file(const std::filesystem::path& path);

// A path as UTF-8 with '/' between its parts.
std::string to_utf8(const std::filesystem::path& path);

}  // namespace attune
