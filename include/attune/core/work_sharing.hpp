// Sharing independent pieces of work out among threads that live for one call: nobody spins, nobody waits in between.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <stop_token>
#include <system_error>
#include <thread>
#include <vector>

namespace attune {

// `wanted` threads, or one for each core if that is not positive; never more than 256.
inline std::size_t thread_count(int wanted) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return static_cast<std::size_t>(std::clamp(wanted > 0 ? wanted : cores, 1, 256));
}

// Calls work(index, memory) for each index below `count`, in this order, on up to `threads` threads, the caller's among
// them, until `stop`. `memory` is a Memory of the thread's own.
template <typename Memory, typename Work>
void share_out(std::size_t count, std::size_t threads, const std::stop_token& stop, Work work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    Memory memory{};
    for (std::size_t index = next++; index < count && !stop.stop_requested(); index = next++) work(index, memory);
  };
  std::vector<std::jthread> others;
  for (std::size_t thread = 1; thread < std::min(threads, count); ++thread) {
    try {
      others.emplace_back(run);
    } catch (const std::system_error&) {
      break;  // the system gives no more threads: those that there are do the work
    }
  }
  run();
}

}  // namespace attune
