// Threads that sleep until a call wants help: starting one for each question and waiting for its end takes longer than
// the question's first layer.
//
// Thread-safe: calls share the threads, and a call that gets none does everything itself.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace attune {

class Crew {
 public:
  Crew() = default;
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew();

  // Calls work(0) here and work(1), … up to work(others) on threads that come by before work(0) returns; so work must
  // get everything done whoever takes part. Returns when all that began have returned.
  void run(std::size_t others, const std::function<void(std::size_t place)>& work);

 private:
  struct Job {
    const std::function<void(std::size_t)>& work;
    std::size_t others;
    std::size_t begun = 0;               // guarded by mutex_
    std::atomic<std::size_t> ended = 0;  // of those that began
  };

  void serve();
  void grow(std::size_t threads);  // under mutex_; as many as the system gives

  std::mutex mutex_;
  std::condition_variable come_;  // there is a job, or the end
  std::condition_variable gone_;  // a thread has ended its part
  std::vector<Job*> open_;        // that may still be joined
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace attune
