// Threads that share one run: nothing is done twice or left out, whoever comes and when.
#include "model/crew.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "model/row_steps.hpp"

namespace attune {
namespace {

constexpr std::size_t kSteps = 13;
constexpr std::size_t kParts = 3;

// Each part of a step adds what all parts of the step before left behind: wrong as soon as one begins too early.
struct Run {
  RowSteps steps{kSteps, kParts};
  std::vector<std::vector<long>> left = std::vector<std::vector<long>>(kSteps, std::vector<long>(kParts, 0));

  void take_part() {
    steps.take_part([&](std::size_t step, std::size_t part) {
      // Threads drift apart: one that does not wait would read what is not there yet.
      if ((step + part) % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds(20));
      long sum = 1;
      if (step > 0) {
        for (const long value : left[step - 1]) sum += value;
      }
      left[step][part] += sum % 1'000'003;
    });
  }
};

std::vector<long> alone() {
  Run run;
  run.take_part();
  return run.left.back();
}

TEST_CASE("a run's steps give the same with helpers as without, again and again, and a place is given out once") {
  Crew crew;
  for (int turn = 0; turn < 30; ++turn) {
    Run run;
    std::vector<std::atomic<int>> places(kParts + 1);
    crew.run(kParts, [&](std::size_t place) {
      ++places[place];
      run.take_part();
    });
    REQUIRE(run.left.back() == alone());
    CHECK(places[0] == 1);
    for (const auto& times : places) CHECK(times <= 1);
  }
}

TEST_CASE("calls from several threads share a crew, and each gets its own work done") {
  Crew crew;
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 4; ++caller) {
      callers.emplace_back([&] {
        for (int turn = 0; turn < 10; ++turn) {
          Run run;
          crew.run(2, [&](std::size_t) { run.take_part(); });
          if (run.left.back() != alone()) ++wrong;
        }
      });
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("a crew that nobody needed any help of, or that was just built, goes away") {
  Crew unused;
  Crew asked_for_none;
  int calls = 0;
  asked_for_none.run(0, [&](std::size_t) { ++calls; });
  CHECK(calls == 1);
}

}  // namespace
}  // namespace attune
