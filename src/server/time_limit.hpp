// TimeLimit: a stop token that is requested when time is up, or when an outer one is.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace attune::server {

class TimeLimit {
 public:
  TimeLimit(const std::stop_token& outer, std::chrono::milliseconds limit)
      : on_outer_(outer, RequestStop{&source_}), watch_([this, limit](const std::stop_token& over) {
          std::mutex mutex;
          std::unique_lock lock(mutex);
          std::condition_variable_any wake;
          wake.wait_for(lock, over, limit, [] { return false; });
          if (over.stop_requested()) return;
          expired_ = true;
          source_.request_stop();
        }) {}

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  [[nodiscard]] bool expired() const { return expired_; }

 private:
  struct RequestStop {
    std::stop_source* source;
    void operator()() const { source->request_stop(); }
  };

  std::stop_source source_;
  std::atomic<bool> expired_ = false;
  std::stop_callback<RequestStop> on_outer_;
  std::jthread watch_;  // last: its thread uses the others
};

}  // namespace attune::server
