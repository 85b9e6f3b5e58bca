#include "cli/progress_bar.hpp"

#include <doctest/doctest.h>

namespace attune::cli {

TEST_CASE("progress: shows what is done, the rate and the time left") {
  const IngestProgress half{IngestProgress::Phase::reading, 30, 60, "manual.md"};
  CHECK(progress_line(half, 10, 200) ==
        "reading  [############            ] 50%  30/60  3.0 files/s  10 s left  manual.md");
}

TEST_CASE("progress: an unknown total shows no bar, and nothing divides by zero") {
  CHECK(progress_line({IngestProgress::Phase::scanning, 0, 0, "docs"}, 0, 80) == "looking    docs");
  CHECK(progress_line({IngestProgress::Phase::embedding, 0, 5, ""}, 0, 80) ==
        "vectors  [                        ] 0%  0/5");
}

TEST_CASE("progress: a long name is cut to the terminal's width, never within a character") {
  const std::string line = progress_line({IngestProgress::Phase::scanning, 0, 0, "茶园手册"}, 0, 16);
  CHECK(line == "looking    茶");
}

}  // namespace attune::cli
