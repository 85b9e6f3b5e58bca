#include "attune/core/file.hpp"

#include <string>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary_folder.hpp"

using attune::ErrorKind;
using attune::testing::TemporaryFolder;

TEST_CASE("read_file: every byte comes back, zeros and broken UTF-8 included") {
  const TemporaryFolder folder;
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  folder.write("all", bytes);
  const auto read = attune::read_file(folder.path() / "all", 1024);
  REQUIRE(read);
  CHECK(*read == bytes);
}

TEST_CASE("read_file: an empty file is an empty text, not a failure") {
  const TemporaryFolder folder;
  folder.write("empty", "");
  const auto read = attune::read_file(folder.path() / "empty", 0);
  REQUIRE(read);
  CHECK(read->empty());
}

TEST_CASE("read_file: a file of exactly the limit is read, one byte more is too large") {
  const TemporaryFolder folder;
  // Above and below the size of one piece (64 KiB).
  for (const std::size_t size : {1UL, 100UL, 65536UL, 65537UL, 200000UL}) {
    folder.write("file", std::string(size, 'x'));
    const auto fits = attune::read_file(folder.path() / "file", size);
    REQUIRE(fits);
    CHECK(fits->size() == size);
    const auto over = attune::read_file(folder.path() / "file", size - 1);
    REQUIRE_FALSE(over);
    CHECK(over.error().kind == ErrorKind::too_large);
    CHECK(over.error().text.find("larger than " + std::to_string(size - 1)) != std::string::npos);
  }
}

TEST_CASE("read_file: a file that is not there, also below a file, is not found, and the error names it") {
  const TemporaryFolder folder;
  folder.write("file", "x");
  for (const char* name : {"nothing", "file/below"}) {
    const auto read = attune::read_file(folder.path() / name, 10);
    REQUIRE_FALSE(read);
    CHECK(read.error().kind == ErrorKind::not_found);
    CHECK(read.error().text.find(name) != std::string::npos);
  }
}

TEST_CASE("read_file: a folder is refused in words") {
  const TemporaryFolder folder;
  const auto read = attune::read_file(folder.path(), 10);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::io);
  CHECK(read.error().text.find("is a folder") != std::string::npos);
}

TEST_CASE("read_file: a pipe without a writer is refused at once and never waited for") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
  const auto read = attune::read_file(folder.path() / "pipe", 10);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == ErrorKind::io);
}

TEST_CASE("read_file: a file without read permission is an io error") {
  const TemporaryFolder folder;
  folder.write("secret", "x");
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  REQUIRE(::chmod((folder.path() / "secret").c_str(), 0) == 0);
  // Root may read everything, so the reading is done by a child that is not root.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(2);
    const auto read = attune::read_file(folder.path() / "secret", 10);
    ::_exit(!read && read.error().kind == ErrorKind::io ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("sha256: agrees with the published vectors") {
  CHECK(attune::sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(attune::sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(attune::sha256_hex(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256: a file's hash is the hash of its bytes, whatever the pieces") {
  const TemporaryFolder folder;
  const std::string bytes = std::string(65536, 'a') + std::string(1, '\0') + std::string(70000, 'b');
  folder.write("file", bytes);
  const auto hash = attune::sha256_hex_of_file(folder.path() / "file");
  REQUIRE(hash);
  CHECK(*hash == attune::sha256_hex(bytes));
  CHECK(attune::sha256_hex_of_file(folder.path() / "absent").error().kind == ErrorKind::not_found);
}

TEST_CASE("paths: Chinese names pass through as UTF-8 with '/' between the parts") {
  CHECK(attune::to_utf8(std::filesystem::path("文档") / "注意力.md") == "文档/注意力.md");
}
