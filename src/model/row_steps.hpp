// The steps that threads take together through one run: each step has as many parts as there may be threads, any thread
// takes the next part that nobody has, and a step begins when the one before it is through.
//
// So nobody waits for a thread that has not come yet or was sent to sleep between two parts, only for one that is
// inside a part; a thread alone takes all parts. They finish within microseconds of each other, so each looks for the
// others a while before it lets the system put it to sleep: being woken takes longer than a part of a short question.
#pragma once

#include <atomic>
#include <cstddef>

namespace attune {

class RowSteps {
 public:
  RowSteps(std::size_t steps, std::size_t parts) : steps_(steps), parts_(parts) {}

  // Calls work(step, part) until nothing is left to take. Every thread that takes part calls this; whatever the earlier
  // steps wrote is seen. When it has returned to all of them, everything is done.
  template <typename Work>
  void take_part(Work work) {
    for (std::size_t taken = next_++; taken < steps_ * parts_; taken = next_++) {
      const std::size_t step = taken / parts_;
      wait_for(step * parts_);
      work(step, taken % parts_);
      if ((done_.fetch_add(1, std::memory_order_acq_rel) + 1) % parts_ == 0) done_.notify_all();
    }
  }

 private:
  void wait_for(std::size_t wanted) {
    constexpr int kLooks = 20'000;  // some 50 microseconds
    for (int look = 0; look < kLooks; ++look) {
      if (done_.load(std::memory_order_acquire) >= wanted) return;
    }
    for (std::size_t done = done_.load(std::memory_order_acquire); done < wanted;) {
      done_.wait(done, std::memory_order_acquire);
      done = done_.load(std::memory_order_acquire);
    }
  }

  const std::size_t steps_;
  const std::size_t parts_;
  alignas(64) std::atomic<std::size_t> next_{0};
  alignas(64) std::atomic<std::size_t> done_{0};
};

}  // namespace attune
