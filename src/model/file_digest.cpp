#include "model/file_digest.hpp"

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <system_error>

#include "attune/core/file.hpp"

namespace attune {
namespace {

// Below this, hashing is quicker than looking.
constexpr std::uint64_t kSmallBytes = 4ULL << 20U;
constexpr std::uint64_t kMaxEntryBytes = 4096;
// A file that was written again within the clock's grain would have the same stamp: what changed this recently is not
// remembered.
constexpr std::chrono::seconds kSettled{2};

std::filesystem::path cache_directory() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return std::filesystem::path(cache) / "attune" / "digests";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return std::filesystem::path(home) / ".cache" / "attune" / "digests";
  return {};
}

// One line of text: what must be the same for a remembered digest to count.
std::string line_of(const FileStamp& stamp) {
  std::ostringstream line;
  line << "attune-digest-1 " << stamp.device << ' ' << stamp.inode << ' ' << stamp.bytes << ' ' << stamp.modified_ns
       << ' ' << stamp.changed_ns << ' ';
  return line.str();
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_settled(const FileStamp& stamp) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto age = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() - stamp.changed_ns;
  return age > std::chrono::duration_cast<std::chrono::nanoseconds>(kSettled).count();
}

}  // namespace

std::string remembered_digest(const MappedFile& file, const std::filesystem::path& path) {
  std::error_code code;
  const std::filesystem::path whole = std::filesystem::weakly_canonical(path, code);
  const std::filesystem::path directory = cache_directory();
  if (file.bytes().size() < kSmallBytes || directory.empty() || code) return sha256_hex(file.bytes());

  const std::filesystem::path entry = directory / sha256_hex(to_utf8(whole)).substr(0, 32);
  const std::string line = line_of(file.stamp());
  const auto remembered = read_file(entry, kMaxEntryBytes);
  if (remembered && remembered->starts_with(line)) {
    const std::string digest = remembered->substr(line.size());
    if (is_digest(digest)) return digest;
  }
  const std::string digest = sha256_hex(file.bytes());
  if (is_settled(file.stamp())) {
    std::filesystem::create_directories(directory, code);
    if (!code) static_cast<void>(write_file_durably(entry, line + digest));  // only costs time at the next start
  }
  return digest;
}

}  // namespace attune
