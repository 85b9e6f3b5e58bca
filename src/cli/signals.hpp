// Ctrl-C and SIGTERM ask the running command to stop cleanly; a second one ends the program at once.
#pragma once

#include <stop_token>
#include <thread>

namespace attune::cli {

class SignalWatch {
 public:
  // Must be made before any other thread: they inherit that the signals are blocked.
  SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace attune::cli
