// Ctrl-C and SIGTERM ask the running command to stop cleanly; a second one ends the program at once.
#pragma once

#include <stop_token>
#include <thread>

namespace attune::cli {

// One at a time in a process.
class SignalWatch {
 public:
  SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::thread thread_;
};

}  // namespace attune::cli
