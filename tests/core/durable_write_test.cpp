#include <csignal>
#include <string>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attune/core/file.hpp"

#include "temporary_folder.hpp"

using attune::ErrorKind;
using attune::testing::TemporaryFolder;

namespace {

std::size_t files_in(const std::filesystem::path& folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

}  // namespace

TEST_CASE("write_file_durably: what was written is read back, and no temporary file stays") {
  const TemporaryFolder folder;
  const std::string bytes = std::string("a\0b", 3) + std::string(300'000, 'c');
  REQUIRE(attune::write_file_durably(folder.path() / "file", bytes));
  CHECK(*attune::read_file(folder.path() / "file", 1 << 20) == bytes);
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("write_file_durably: an existing file is replaced, shorter or longer") {
  const TemporaryFolder folder;
  for (const std::string_view text : {"first and longer", "2nd", "", "the third one"}) {
    REQUIRE(attune::write_file_durably(folder.path() / "file", text));
    CHECK(*attune::read_file(folder.path() / "file", 100) == text);
  }
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("write_file_durably: into a folder that is not there fails and makes nothing") {
  const TemporaryFolder folder;
  const auto written = attune::write_file_durably(folder.path() / "absent" / "file", "x");
  REQUIRE_FALSE(written);
  CHECK(written.error().kind == ErrorKind::not_found);
  CHECK(files_in(folder.path()) == 0);
}

TEST_CASE("write_file_durably: when the rename fails, the old state stays and the temporary file goes") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "taken" / "inside");
  const auto written = attune::write_file_durably(folder.path() / "taken", "x");
  REQUIRE_FALSE(written);
  CHECK(written.error().kind == ErrorKind::io);
  CHECK(std::filesystem::is_directory(folder.path() / "taken" / "inside"));
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("write_file_durably: a writer killed at any moment leaves the old or a new file, whole") {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "file";
  const std::size_t size = 400'000;
  REQUIRE(attune::write_file_durably(file, std::string(size, 'a')));
  for (int round = 0; round < 12; ++round) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (char letter = 'b';; letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1)) {
        if (!attune::write_file_durably(file, std::string(size, letter))) ::_exit(1);
      }
    }
    ::usleep(static_cast<useconds_t>(1500 + 1700 * round));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    const auto left = attune::read_file(file, 1 << 20);
    REQUIRE(left);
    CHECK(left->size() == size);
    CHECK(left->find_first_not_of(left->front()) == std::string::npos);
  }
}
