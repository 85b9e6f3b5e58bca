// scan_folder and the rules that it follows.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "attune/reader.hpp"

#include "reader/ignore_rules.hpp"
#include "temporary_folder.hpp"

namespace attune {
namespace {

namespace fs = std::filesystem;

// A folder that can be scanned.
class Folder : public testing::TemporaryFolder {
 public:
  void write(const fs::path& name, std::string_view text = "text") const { TemporaryFolder::write(name, text); }

  [[nodiscard]] Scan scan(const ScanOptions& options = {}) const {
    Result<Scan> scan = scan_folder(path(), options);
    REQUIRE_MESSAGE(scan, (scan ? "" : scan.error().text));
    return std::move(*scan);
  }
  [[nodiscard]] std::vector<std::string> paths(const ScanOptions& options = {}) const {
    std::vector<std::string> paths;
    for (const ScannedFile& file : scan(options).files) paths.push_back(file.path);
    return paths;
  }
};

template <typename Change>
ScanOptions with(Change change) {
  ScanOptions options;
  change(options);
  return options;
}

using Paths = std::vector<std::string>;

std::string reason_for(const Scan& scan, std::string_view path) {
  const auto found = std::ranges::find(scan.skipped, path, &SkippedFile::path);
  return found == scan.skipped.end() ? std::string() : found->reason;
}

}  // namespace

TEST_CASE("glob: stars stay in their folder, double stars cross folders, classes and escapes mean what Git says") {
  struct Case {
    const char* glob;
    const char* path;
    bool matches;
  };
  for (const Case& one : std::vector<Case>{{"*.md", "a.md", true},
                                           {"*.md", "docs/a.md", false},
                                           {"**/*.md", "a.md", true},
                                           {"**/*.md", "x/y/a.md", true},
                                           {"docs/**", "docs/a/b", true},
                                           {"docs/**", "docs", false},
                                           {"a/**/b", "a/b", true},
                                           {"a/**/b", "a/x/y/b", true},
                                           {"a/**/b", "a/x/y/c", false},
                                           {"a**b", "axxb", true},
                                           {"a**b", "ax/xb", false},
                                           {"?.txt", "雾.txt", true},
                                           {"?.txt", "ab.txt", false},
                                           {"[a-c]x", "bx", true},
                                           {"[!a-c]x", "bx", false},
                                           {"[]]x", "]x", true},
                                           {"[x", "[x", true},
                                           {"\\*", "*", true},
                                           {"\\*", "a", false},
                                           {"*/*/x", "a/b/x", true},
                                           {"*a*b*c", "xxaxxbxxc", true},
                                           {"*a*b*c", "xxaxxbxx", false},
                                           {"", "", true},
                                           {"", "a", false}}) {
    CHECK_MESSAGE(glob_matches(one.glob, one.path) == one.matches, one.glob, " against ", one.path);
  }
  const std::string hostile(2000, 'a');
  CHECK_FALSE(glob_matches("**/a*a*a*a*a*a*a*a*a*a*b", hostile));
}

TEST_CASE("ignore rules: anchored, folder-only, negated, escaped and nested rules follow Git") {
  struct Case {
    const char* rules;
    const char* path;
    bool is_folder;
    bool ignored;
  };
  for (const Case& one : std::vector<Case>{{"*.log", "deep/er/x.log", false, true},
                                           {"/x.log", "x.log", false, true},
                                           {"/x.log", "deep/x.log", false, false},
                                           {"build/", "src/build", true, true},
                                           {"build/", "src/build", false, false},
                                           {"docs/*.txt", "docs/a.txt", false, true},
                                           {"docs/*.txt", "more/docs/a.txt", false, false},
                                           {"**/docs/*.txt", "more/docs/a.txt", false, true},
                                           {"*.log\n!keep.log", "keep.log", false, false},
                                           {"!keep.log\n*.log", "keep.log", false, true},
                                           {"# comment\n\\#file", "#file", false, true},
                                           {"# comment", "# comment", false, false},
                                           {"\\!x", "!x", false, true},
                                           {"name   ", "name", false, true},
                                           {"name\r\n", "name", false, true},
                                           {"/", "anything", true, false}}) {
    reader::IgnoreRules rules;
    rules.add("", one.rules);
    CHECK_MESSAGE(rules.ignores(one.path, one.is_folder) == one.ignored, one.rules, " against ", one.path);
  }
  reader::IgnoreRules nested;
  nested.add("", "*.txt\n");
  nested.add("sub", "!a.txt\n/b.md\n");
  CHECK_FALSE(nested.ignores("sub/a.txt", false));
  CHECK(nested.ignores("a.txt", false));
  CHECK(nested.ignores("sub/b.md", false));
  CHECK_FALSE(nested.ignores("sub/deep/b.md", false));
  CHECK_FALSE(nested.ignores("submarine/b.md", false));
}

TEST_CASE(
    "scan: files come sorted, without hidden, ignored and .git ones, and nothing returns below an ignored folder") {
  const Folder folder;
  for (const char* name : {"b.md", "a.md", "A.md", "sub/c.md", "sub/skip.log", ".hidden.md", ".git/config",
                           "node_modules/x.md", "node_modules/keep.md", "notes/private.md", "notes/public.md"}) {
    folder.write(name);
  }
  folder.write(".gitignore", "*.log\nnode_modules/\n!node_modules/keep.md\n");
  folder.write("notes/.attuneignore", "private.*\n");
  CHECK(folder.paths() == Paths{"A.md", "a.md", "b.md", "notes/public.md", "sub/c.md"});
  CHECK(folder.paths(with([](ScanOptions& o) { o.hidden = true; })) == Paths{".gitignore", ".hidden.md", "A.md", "a.md",
                                                                             "b.md", "notes/.attuneignore",
                                                                             "notes/public.md", "sub/c.md"});
  CHECK(folder.scan().skipped.empty());
}

TEST_CASE("scan: include and exclude globs hold by name, by path and for all below a folder") {
  const Folder folder;
  for (const char* name : {"a.md", "a.txt", "docs/b.md", "docs/old/c.md"}) folder.write(name);
  CHECK(folder.paths(with([](ScanOptions& o) { o.include = {"*.md"}; })) ==
        Paths{"a.md", "docs/b.md", "docs/old/c.md"});
  CHECK(folder.paths(with([](ScanOptions& o) { o.include = {"docs/*.md"}; })) == Paths{"docs/b.md"});
  CHECK(folder.paths(with([](ScanOptions& o) {
    o.include = {"docs"};
    o.exclude = {"old/"};
  })) == Paths{"docs/b.md"});
  CHECK(folder.paths(with([](ScanOptions& o) { o.exclude = {"docs/**"}; })) == Paths{"a.md", "a.txt"});
}

TEST_CASE("scan: each real folder is read once, loops end, and links out of the root are not followed") {
  const Folder folder;
  const Folder elsewhere;
  elsewhere.write("secret.md");
  folder.write("real/a.md");
  folder.write(".store/b.md");
  fs::create_directory_symlink("..", folder.path() / "real/up");
  fs::create_directory_symlink("real", folder.path() / "again");
  fs::create_directory_symlink(".store", folder.path() / "store");
  fs::create_symlink("real/a.md", folder.path() / "a-link.md");
  fs::create_symlink("nowhere", folder.path() / "dangling");
  fs::create_symlink("self", folder.path() / "self");
  fs::create_directory_symlink(elsewhere.path(), folder.path() / "out");
  const Scan scan = folder.scan();
  Paths paths;
  for (const ScannedFile& file : scan.files) paths.push_back(file.path);
  CHECK(paths == Paths{"real/a.md", "store/b.md"});
  CHECK(reason_for(scan, "real/up").find("under its own name") != std::string::npos);
  CHECK(reason_for(scan, "again").find("under its own name") != std::string::npos);
  CHECK(reason_for(scan, "dangling") == "the link points to nothing");
  CHECK(reason_for(scan, "self") == "the link leads to itself");
  CHECK(reason_for(scan, "out") == "the link leads out of the indexed folder");
  CHECK(scan.skipped.size() == 5);
  CHECK(folder.paths(with([](ScanOptions& o) { o.follow_symlinks = false; })) == Paths{"real/a.md"});
}

TEST_CASE("scan: large files, sockets and pipes are skipped with a reason; odd names stay readable") {
  const Folder folder;
  folder.write("big.md", std::string(3000, 'x'));
  folder.write("small.md");
  folder.write(fs::path("caf\xE9.md"));
  ::mkfifo((folder.path() / "pipe").c_str(), 0600);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string socket_path = (folder.path() / "socket").string();
  REQUIRE(socket_path.size() < sizeof address.sun_path);
  std::ranges::copy(socket_path, address.sun_path);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const Scan scan = folder.scan(with([](ScanOptions& o) { o.max_file_bytes = 2000; }));
  ::close(socket);
  REQUIRE(scan.files.size() == 2);
  CHECK(scan.files[0].path == "caf\xEF\xBF\xBD.md");
  CHECK(fs::exists(scan.files[0].absolute));
  CHECK(scan.files[1].path == "small.md");
  CHECK(scan.files[1].size == 4);
  CHECK(scan.files[1].modified_ns > 1'500'000'000'000'000'000);
  CHECK(reason_for(scan, "big.md").find("the limit is") != std::string::npos);
  CHECK(reason_for(scan, "pipe") == "it is a pipe, not a file");
  CHECK(reason_for(scan, "socket") == "it is a socket, not a file");
}

TEST_CASE("scan: a file that may not be read is skipped with the system's reason") {
  const Folder folder;
  folder.write("closed.md");
  folder.write("shut/a.md");
  fs::permissions(folder.path() / "closed.md", fs::perms::none);
  fs::permissions(folder.path() / "shut", fs::perms::none);
  if (::access((folder.path() / "closed.md").c_str(), R_OK) == 0) {
    MESSAGE("skipped: this user may read everything");
  } else {
    const Scan scan = folder.scan();
    CHECK(scan.files.empty());
    CHECK(reason_for(scan, "closed.md").find("Permission denied") != std::string::npos);
    CHECK(reason_for(scan, "shut").find("Permission denied") != std::string::npos);
  }
  fs::permissions(folder.path() / "shut", fs::perms::owner_all);
}

TEST_CASE("scan: one file is a root, a missing root is not_found, and a stop is honoured") {
  const Folder folder;
  folder.write("a.md");
  const Result<Scan> one = scan_folder(folder.path() / "a.md");
  REQUIRE(one);
  REQUIRE(one->files.size() == 1);
  CHECK(one->files[0].path == "a.md");
  CHECK(one->files[0].absolute == folder.path() / "a.md");
  const Result<Scan> gone = scan_folder(folder.path() / "gone");
  REQUIRE_FALSE(gone);
  CHECK(gone.error().kind == ErrorKind::not_found);
  std::stop_source stop;
  stop.request_stop();
  const Result<Scan> stopped = scan_folder(folder.path(), {}, stop.get_token());
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().kind == ErrorKind::cancelled);
}

}  // namespace attune
