// BoundedMemory: what a C parser may use up, in memory and time.
//
// gumbo and cmark check no allocation, know no limits and cannot be asked to stop. Given this as their allocator they
// can be left from within: it jumps out (longjmp) when the budget is used up, the time has passed or a stop was
// requested. That is sound because the parsers are C, hold nothing but memory, and all of it lies in here, to be given
// back at once. It also spares gumbo's recursive clean-up, which deep nesting would overflow.
#pragma once

#include <chrono>
#include <csetjmp>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <vector>

#include "attune/core/result.hpp"

namespace attune::reader {

struct ParserBounds {
  std::uint64_t max_memory = 512ULL << 20U;
  std::chrono::milliseconds max_time = std::chrono::seconds(15);
  std::stop_token stop = {};
};

class BoundedMemory {
 public:
  explicit BoundedMemory(const ParserBounds& bounds) : bounds_(bounds), left_(bounds.max_memory) {}

  // Never nullptr, aligned for anything. While armed it may jump to exit() instead.
  void* take(std::size_t size);

  // The place to jump to, for setjmp; then the bounds hold until disarm(). The function that calls setjmp must have no
  // object with a destructor between there and the parser.
  std::jmp_buf& exit() { return exit_; }
  void arm();
  void disarm() { armed_ = false; }

  // Why the parser was left.
  [[nodiscard]] Error reason() const;

 private:
  enum class Reason { none, memory, time, stopped };
  [[noreturn]] void leave(Reason reason);
  void check();

  struct Free {
    void operator()(char* memory) const;
  };

  ParserBounds bounds_;
  std::vector<std::unique_ptr<char, Free>> pieces_;
  char* next_ = nullptr;
  std::size_t piece_left_ = 0;
  std::uint64_t left_;
  std::uint32_t calls_ = 0;
  bool armed_ = false;
  Reason reason_ = Reason::none;
  std::chrono::steady_clock::time_point deadline_{};
  std::jmp_buf exit_{};
};

}  // namespace attune::reader
