#include "attune/core/lines.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "attune/core/file.hpp"

#include "temporary_folder.hpp"

using attune::testing::TemporaryFolder;

namespace attune {
namespace {

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::vector<std::string> lines;
  const Status read = for_each_line(file, [&](std::string_view line) -> Status {
    lines.emplace_back(line);
    return {};
  });
  REQUIRE(read);
  return lines;
}

}  // namespace

TEST_CASE("lines: a gzipped text reads like the plain one, and the same bytes give the same stream") {
  const TemporaryFolder folder;
  const std::string text = "one\r\n\nzwei\n三";
  const auto packed = gzipped(text);
  REQUIRE(packed);
  CHECK(*packed == *gzipped(text));
  folder.write("plain.txt", text);
  folder.write("packed.gz", *packed);
  CHECK(lines_of(folder.path() / "plain.txt") == std::vector<std::string>{"one", "zwei", "三"});
  CHECK(lines_of(folder.path() / "packed.gz") == lines_of(folder.path() / "plain.txt"));
  CHECK(plain_or_gzipped(folder.path() / "packed") == folder.path() / "packed.gz");
}

TEST_CASE("lines: a stream that is cut short is corrupt, not short") {
  const TemporaryFolder folder;
  const auto packed = gzipped(std::string(5000, 'a') + "\n" + "end");
  REQUIRE(packed);
  folder.write("cut.gz", std::string_view(*packed).substr(0, packed->size() - 9));
  const Status read = for_each_line(folder.path() / "cut.gz", [](std::string_view) { return Status(); });
  REQUIRE(!read);
  CHECK(read.error().kind == ErrorKind::corrupt);
}

TEST_CASE("lines: what a line's reader complains about names file and line") {
  const TemporaryFolder folder;
  folder.write("three.txt", "a\nb\nc\n");
  const Status read = for_each_line(folder.path() / "three.txt", [](std::string_view line) -> Status {
    if (line == "b") return Error{ErrorKind::bad_input, "no b, please"};
    return {};
  });
  REQUIRE(!read);
  CHECK(read.error().text.find("three.txt' line 2: no b, please") != std::string::npos);
}

}  // namespace attune
