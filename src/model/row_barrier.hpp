// Where the threads of one run meet once a layer. They arrive within microseconds of each other, so each looks for the
// others a while before it lets the system put it to sleep: std::barrier goes to sleep at once, and being woken takes
// longer than a layer of a short question.
#pragma once

#include <atomic>
#include <cstddef>

namespace attune {

class RowBarrier {
 public:
  explicit RowBarrier(std::size_t threads) : threads_(threads) {}

  // Returns when as many threads as there are have called it; may be called again at once.
  void arrive_and_wait() {
    const std::size_t round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      round_.notify_all();
      return;
    }
    constexpr int kLooks = 20'000;  // some 50 microseconds
    for (int look = 0; look < kLooks; ++look) {
      if (round_.load(std::memory_order_acquire) != round) return;
    }
    round_.wait(round, std::memory_order_acquire);
  }

 private:
  const std::size_t threads_;
  std::atomic<std::size_t> arrived_{0};
  std::atomic<std::size_t> round_{0};
};

}  // namespace attune
