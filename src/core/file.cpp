#include "attune/core/file.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace attune {
namespace {

// Owns a file descriptor.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  // Closes now and reports failure: close() is where some file systems tell that a write did not reach the disk.
  bool close() {
    const int fd = fd_;
    fd_ = -1;
    return ::close(fd) == 0;
  }

 private:
  int fd_;
};

Error system_error(const std::filesystem::path& path, std::string_view step) {
  const int code = errno;
  const ErrorKind kind = code == ENOENT || code == ENOTDIR ? ErrorKind::not_found : ErrorKind::io;
  return Error{kind, "'" + to_utf8(path) + "': " + std::string(step) + ": " + std::generic_category().message(code)};
}

// Calls `take` with each piece of the file in turn. `take` returns false to stop early.
template <typename Take>
Status read_pieces(const std::filesystem::path& path, Take take) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return system_error(path, "open");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error(path, "stat");
  if (S_ISDIR(info.st_mode)) return Error{ErrorKind::io, "'" + to_utf8(path) + "' is a folder"};
  if (!S_ISREG(info.st_mode)) return Error{ErrorKind::io, "'" + to_utf8(path) + "' is not a regular file"};
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path, "read");
    if (count == 0) return {};
    if (!take(std::string_view(buffer.data(), static_cast<std::size_t>(count)))) return {};
  }
}

// Incremental SHA-256.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  ~Sha256() { EVP_MD_CTX_free(context_); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  std::string hex() {
    std::array<unsigned char, 32> digest{};
    EVP_DigestFinal_ex(context_, digest.data(), nullptr);
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(64);
    for (const unsigned char byte : digest) {
      text += kDigits[byte >> 4U];
      text += kDigits[byte & 15U];
    }
    return text;
  }

 private:
  EVP_MD_CTX* context_;
};

Status write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path, "write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Status sync_directory(const std::filesystem::path& directory) {
  FileDescriptor handle(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.get() < 0) return system_error(directory, "open");
  if (::fsync(handle.get()) != 0) return system_error(directory, "fsync");
  if (!handle.close()) return system_error(directory, "close");
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  std::string bytes;
  const Status status = read_pieces(path, [&](std::string_view piece) {
    bytes += piece;
    return bytes.size() <= max_bytes;
  });
  if (!status) return status.error();
  if (bytes.size() > max_bytes) {
    return Error{ErrorKind::too_large,
                 "'" + to_utf8(path) + "' is larger than " + std::to_string(max_bytes) + " bytes"};
  }
  return bytes;
}

Status write_file_durably(const std::filesystem::path& path, std::string_view bytes) {
  std::string temporary = path.string() + ".XXXXXX";
  FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return system_error(path, "create a temporary file");
  const auto fail = [&](const Error& error) {
    ::unlink(temporary.c_str());
    return error;
  };
  if (const Status status = write_all(file.get(), bytes, path); !status) return fail(status.error());
  if (::fchmod(file.get(), 0644) != 0) return fail(system_error(path, "chmod"));
  if (::fsync(file.get()) != 0) return fail(system_error(path, "fsync"));
  if (!file.close()) return fail(system_error(path, "close"));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail(system_error(path, "rename"));
  const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  return sync_directory(parent);
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hex();
}

Result<std::string> sha256_hex_of_file(const std::filesystem::path& path) {
  Sha256 hash;
  const Status status = read_pieces(path, [&](std::string_view piece) {
    hash.add(piece);
    return true;
  });
  if (!status) return status.error();
  return hash.hex();
}

std::string to_utf8(const std::filesystem::path& path) {
  return path.generic_string();
}

}  // namespace attune
