#include "attune/core/log.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using attune::LogLevel;

namespace {

// Whatever a test installs is gone when it ends.
struct SinkForOneTest {
  explicit SinkForOneTest(attune::LogSink sink) { attune::set_log_sink(std::move(sink)); }
  SinkForOneTest(const SinkForOneTest&) = delete;
  SinkForOneTest& operator=(const SinkForOneTest&) = delete;
  ~SinkForOneTest() { attune::set_log_sink({}); }
};

}  // namespace

TEST_CASE("log: the sink gets level and message in order") {
  std::vector<std::pair<LogLevel, std::string>> seen;
  const SinkForOneTest sink([&](LogLevel level, std::string_view message) { seen.emplace_back(level, message); });
  attune::log(LogLevel::info, "first");
  attune::log(LogLevel::error, "second");
  REQUIRE(seen.size() == 2);
  CHECK(seen[0] == std::pair(LogLevel::info, std::string("first")));
  CHECK(seen[1] == std::pair(LogLevel::error, std::string("second")));
}

TEST_CASE("log: without a sink messages are dropped, and a removed sink gets no more") {
  attune::log(LogLevel::warning, "nobody hears this");
  int calls = 0;
  {
    const SinkForOneTest sink([&](LogLevel, std::string_view) { ++calls; });
    attune::log(LogLevel::warning, "heard");
  }
  attune::log(LogLevel::warning, "not heard");
  CHECK(calls == 1);
}

TEST_CASE("log: a sink may log and replace itself without a deadlock") {
  int calls = 0;
  const SinkForOneTest sink([&](LogLevel, std::string_view message) {
    ++calls;
    if (message == "outer") {
      attune::log(LogLevel::info, "inner");
      attune::set_log_sink({});
    }
  });
  attune::log(LogLevel::info, "outer");
  attune::log(LogLevel::info, "after");
  CHECK(calls == 2);
}

TEST_CASE("log: threads log while the sink is replaced, and no message comes twice") {
  std::atomic<int> first = 0;
  std::atomic<int> second = 0;
  const SinkForOneTest sink([&](LogLevel, std::string_view) { ++first; });
  const int each = 2000;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([] {
        for (int count = 0; count < each; ++count) attune::log(LogLevel::debug, "tick");
      });
    }
    attune::set_log_sink([&](LogLevel, std::string_view) { ++second; });
  }
  CHECK(first + second == 4 * each);
}
