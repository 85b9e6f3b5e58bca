// scan_folder: all files below a folder that shall be read, and what is left out for a reason.
#include <algorithm>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <unordered_set>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "attune/core/file.hpp"
#include "attune/reader.hpp"
#include "attune/text.hpp"

#include "reader/ignore_rules.hpp"

namespace attune {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestIgnoreFile = 1U << 20U;
constexpr std::size_t kDeepest = 200;  // folders within folders

// A glob without a slash means the name at any depth; whatever a glob says of a folder holds for all below it.
bool matches_path_or_parent(const std::vector<std::string>& globs, std::string_view path) {
  for (std::string_view glob : globs) {
    if (glob.starts_with("./")) glob.remove_prefix(2);
    const bool by_name = glob.find('/') == std::string_view::npos || glob.find('/') == glob.size() - 1;
    if (glob.starts_with('/')) glob.remove_prefix(1);
    if (glob.ends_with('/')) glob.remove_suffix(1);
    for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
      std::string_view part = path.substr(0, end);
      if (by_name) part = part.substr(part.rfind('/') + 1);
      if (glob_matches(glob, part)) return true;
      if (end == std::string_view::npos) break;
    }
  }
  return false;
}

std::string mebibytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes * 10 / (1U << 20U);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB";
}

std::string_view special_kind(mode_t mode) {
  if (S_ISSOCK(mode)) return "it is a socket, not a file";
  if (S_ISFIFO(mode)) return "it is a pipe, not a file";
  return "it is a device, not a file";
}

std::string reason_of(int code) {
  return std::generic_category().message(code);
}

class FolderScan {
 public:
  FolderScan(fs::path root, const ScanOptions& options, const std::stop_token& stop)
      : root_(std::move(root)), options_(options), stop_(stop) {}

  Result<Scan> run();

 private:
  void enter(const fs::path& folder);
  void visit(const fs::path& path);
  void visit_link(const fs::path& path, const std::string& shown);
  void follow(const fs::path& path);
  void take_file(const fs::path& path, const struct stat& info);
  void read_rules(const fs::path& folder, const std::string& shown);
  [[nodiscard]] bool is_left_out(const fs::path& path, const std::string& shown, bool is_folder) const;
  void skip(const std::string& shown, std::string reason) {
    scan_.skipped.push_back({shown.empty() ? "." : shown, std::move(reason)});
  }
  static std::string shown_path(const fs::path& path) { return text::to_valid_utf8(to_utf8(path)); }
  // True the first time that this file or folder is met.
  bool first_time(const struct stat& info) { return seen_.emplace(info.st_dev, info.st_ino).second; }

  fs::path root_;
  fs::path real_root_;
  const ScanOptions& options_;
  const std::stop_token& stop_;
  reader::IgnoreRules rules_;
  std::deque<fs::path> links_;  // met on the way, followed at the end
  std::set<std::pair<dev_t, ino_t>> seen_;
  std::unordered_set<std::string> paths_;
  Scan scan_;
};

void FolderScan::read_rules(const fs::path& folder, const std::string& shown) {
  for (const char* name : {".gitignore", ".attuneignore"}) {
    const fs::path file = root_ / folder / name;
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) continue;
    const Result<std::string> rules = read_file(file, kLargestIgnoreFile);
    if (rules) {
      rules_.add(to_utf8(folder), *rules);
    } else {
      skip(shown.empty() ? name : shown + "/" + name, "its ignore rules do not apply: " + rules.error().text);
    }
  }
}

bool FolderScan::is_left_out(const fs::path& path, const std::string& shown, bool is_folder) const {
  const std::string name = path.filename().string();
  if (name == ".git") return true;
  if (!options_.hidden && name.starts_with('.')) return true;
  return rules_.ignores(to_utf8(path), is_folder) || matches_path_or_parent(options_.exclude, shown);
}

void FolderScan::enter(const fs::path& folder) {
  const std::string shown = shown_path(folder);
  if (static_cast<std::size_t>(std::distance(folder.begin(), folder.end())) > kDeepest) {
    skip(shown, "it lies more than " + std::to_string(kDeepest) + " folders deep");
    return;
  }
  std::error_code error;
  std::vector<fs::path> names;
  for (fs::directory_iterator entry(root_ / folder, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  if (error) {
    skip(shown, "the folder cannot be read: " + reason_of(error.value()));
    return;
  }
  std::ranges::sort(names);
  const std::size_t rules_above = rules_.size();
  read_rules(folder, shown);
  for (const fs::path& name : names) {
    if (stop_.stop_requested()) break;
    visit(folder / name);
  }
  rules_.shrink_to(rules_above);
}

void FolderScan::visit(const fs::path& path) {
  const std::string shown = shown_path(path);
  struct stat info {};
  if (::lstat((root_ / path).c_str(), &info) != 0) {
    if (errno != ENOENT) skip(shown, "it cannot be read: " + reason_of(errno));
    return;
  }
  if (S_ISLNK(info.st_mode)) {
    visit_link(path, shown);
  } else if (S_ISDIR(info.st_mode)) {
    if (is_left_out(path, shown, true)) return;
    if (first_time(info)) {
      enter(path);
    } else {
      skip(shown, "the same folder is read under another name");
    }
  } else if (!is_left_out(path, shown, false)) {
    take_file(path, info);
  }
}

void FolderScan::visit_link(const fs::path& path, const std::string& shown) {
  struct stat target {};
  const bool exists = ::stat((root_ / path).c_str(), &target) == 0;
  if (is_left_out(path, shown, exists && S_ISDIR(target.st_mode)) || !options_.follow_symlinks) return;
  if (!exists) {
    skip(shown, errno == ELOOP ? "the link leads to itself" : "the link points to nothing");
    return;
  }
  std::error_code error;
  const fs::path real = fs::canonical(root_ / path, error);
  const auto [root_end, unused] = std::ranges::mismatch(real_root_, real);
  if (error || root_end != real_root_.end()) {
    skip(shown, "the link leads out of the indexed folder");
    return;
  }
  links_.push_back(path);
}

void FolderScan::follow(const fs::path& path) {
  struct stat info {};
  if (::stat((root_ / path).c_str(), &info) != 0) return;
  if (!S_ISDIR(info.st_mode)) {
    // A link to a file that is read anyway says nothing new.
    if (!seen_.contains({info.st_dev, info.st_ino})) take_file(path, info);
    return;
  }
  if (!first_time(info)) {
    skip(shown_path(path), "the link leads to a folder that is read under its own name");
    return;
  }
  // The rules of the folders above were dropped when the walk left them.
  const std::size_t none = rules_.size();
  fs::path above;
  for (auto part = path.begin(); part != path.end(); ++part) {
    read_rules(above, shown_path(above));
    above /= *part;
  }
  enter(path);
  rules_.shrink_to(none);
}

void FolderScan::take_file(const fs::path& path, const struct stat& info) {
  const std::string shown = shown_path(path);
  if (!options_.include.empty() && !matches_path_or_parent(options_.include, shown)) return;
  const auto size = static_cast<std::uint64_t>(info.st_size);
  const fs::path absolute = root_ / path;
  if (!S_ISREG(info.st_mode)) {
    skip(shown, std::string(special_kind(info.st_mode)));
  } else if (size > options_.max_file_bytes) {
    skip(shown, "it has " + mebibytes(size) + "; the limit is " + mebibytes(options_.max_file_bytes));
  } else if (::access(absolute.c_str(), R_OK) != 0) {
    skip(shown, "it cannot be read: " + reason_of(errno));
  } else if (!paths_.insert(shown).second) {
    skip(shown, "its name differs from another file's only in bytes that are not UTF-8");
  } else {
    seen_.emplace(info.st_dev, info.st_ino);
    const auto modified = static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
    scan_.files.push_back({shown, absolute, size, modified});
  }
}

Result<Scan> FolderScan::run() {
  std::error_code error;
  real_root_ = fs::canonical(root_, error);
  struct stat info {};
  if (error || ::stat(root_.c_str(), &info) != 0) {
    const int code = error ? error.value() : errno;
    return Error{code == ENOENT || code == ENOTDIR ? ErrorKind::not_found : ErrorKind::io,
                 "'" + shown_path(root_) + "': " + reason_of(code)};
  }
  if (!S_ISDIR(info.st_mode)) {
    const fs::path name = root_.filename();
    root_ = root_.parent_path();
    take_file(name, info);
    return std::move(scan_);
  }
  if (const fs::directory_iterator readable(root_, error); error) {
    return Error{ErrorKind::io, "'" + shown_path(root_) + "' cannot be read: " + reason_of(error.value())};
  }
  first_time(info);
  enter({});
  while (!links_.empty() && !stop_.stop_requested()) {
    const fs::path link = std::move(links_.front());
    links_.pop_front();
    follow(link);
  }
  if (stop_.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
  std::ranges::sort(scan_.files, {}, &ScannedFile::path);
  std::ranges::sort(scan_.skipped, {}, &SkippedFile::path);
  return std::move(scan_);
}

}  // namespace

Result<Scan> scan_folder(const fs::path& root, const ScanOptions& options, std::stop_token stop) {
  std::error_code error;
  fs::path absolute = fs::absolute(root, error).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();  // "docs/"
  return FolderScan(absolute, options, stop).run();
}

}  // namespace attune
