// A file's bytes as memory, without reading them: pages come when they are looked at, and processes share them.
//
// The size is fixed when the file is opened, and every reader checks its offsets against that size. What remains: when
// somebody cuts the file short afterwards, touching a page behind the new end raises SIGBUS, which no reader can turn
// into an error. Replacing a model by rename, as write_file_durably and `attune model` do, never does that: the mapping
// keeps the old file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "attune/core/result.hpp"

namespace attune {

// What tells one state of a file from another without reading it. The kernel sets the time of change itself, at every
// write, and lets nobody choose it.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;  // since 1970
  std::int64_t changed_ns = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

class MappedFile {
 public:
  // Fails with not_found, with io (permission, a directory, no memory), or with too_large past `max_bytes`.
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path, std::uint64_t max_bytes);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  // Gives the memory of pages back that were looked at; they come again when they are needed. For weights that have
  // been packed, of which only a few rows will be read.
  void forget_pages() const;
  // As the file was when it was opened.
  [[nodiscard]] const FileStamp& stamp() const { return stamp_; }

 private:
  MappedFile(std::string_view bytes, const FileStamp& stamp) : bytes_(bytes), stamp_(stamp) {}

  std::string_view bytes_;
  FileStamp stamp_;
};

}  // namespace attune
