#include "model/mapped_file.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attune/core/file.hpp"

namespace attune {
namespace {

Error system_error(const std::filesystem::path& path, const char* step) {
  const int code = errno;
  const ErrorKind kind = code == ENOENT || code == ENOTDIR ? ErrorKind::not_found : ErrorKind::io;
  return Error{kind, "'" + to_utf8(path) + "': " + step + ": " + std::generic_category().message(code)};
}

std::int64_t nanoseconds(const struct timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// The descriptor is open. Answers an empty view for an empty file, which cannot be mapped.
Result<std::string_view> map(int descriptor, const std::filesystem::path& path, std::uint64_t max_bytes,
                             FileStamp& stamp) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return system_error(path, "stat");
  if (S_ISDIR(info.st_mode)) return Error{ErrorKind::io, "'" + to_utf8(path) + "' is a folder"};
  if (!S_ISREG(info.st_mode)) return Error{ErrorKind::io, "'" + to_utf8(path) + "' is not a regular file"};
  stamp = {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size), nanoseconds(info.st_mtim),
           nanoseconds(info.st_ctim)};
  if (stamp.bytes > max_bytes) {
    return Error{ErrorKind::too_large,
                 "'" + to_utf8(path) + "' is larger than " + std::to_string(max_bytes) + " bytes"};
  }
  if (stamp.bytes == 0) return std::string_view();
  void* memory = ::mmap(nullptr, static_cast<std::size_t>(stamp.bytes), PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (memory == MAP_FAILED) return system_error(path, "map");
  return std::string_view(static_cast<const char*>(memory), static_cast<std::size_t>(stamp.bytes));
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return system_error(path, "open");
  FileStamp stamp;
  const auto bytes = map(descriptor, path, max_bytes, stamp);
  ::close(descriptor);  // the mapping stays
  if (!bytes) return bytes.error();
  return std::shared_ptr<const MappedFile>(new MappedFile(*bytes, stamp));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

// Advice: when the system does not take it, only memory is lost.
void MappedFile::forget_pages() const {
  if (!bytes_.empty()) ::madvise(const_cast<char*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
}

}  // namespace attune
