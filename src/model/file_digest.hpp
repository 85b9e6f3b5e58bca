// The SHA-256 of a large file, without reading it at every start.
//
// A model's identity is made of its file's SHA-256, and stands in databases beside the vectors. Hashing thirty
// megabytes takes longer than all other loading together, so the digest is remembered in the user's cache folder
// ($XDG_CACHE_HOME or ~/.cache, then attune/digests) with the file's stamp: device, inode, size, both times. A file
// whose stamp differs in anything is hashed again. Without a cache folder every start hashes.
#pragma once

#include <filesystem>
#include <string>

#include "model/mapped_file.hpp"

namespace attune {

// Lower-case hexadecimal SHA-256 of the file's bytes. `path` is where it was opened. Never fails: a cache that cannot
// be read or written only costs time. Thread-safe.
std::string remembered_digest(const MappedFile& file, const std::filesystem::path& path);

}  // namespace attune
