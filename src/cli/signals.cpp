#include "cli/signals.hpp"

#include <array>
#include <stdexcept>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace attune::cli {
namespace {

constexpr int kExitAfterSecondSignal = 130;
constexpr char kSignal = 's';
constexpr char kEnd = 'e';

// The handler may only write here; a thread of its own reads. Blocking the signals instead would not do: libraries
// start threads before main(), and those take signals too.
std::array<int, 2> pipe_ends{-1, -1};

void tell(char what) {
  [[maybe_unused]] const ssize_t written = ::write(pipe_ends[1], &what, 1);
}

void on_signal(int /*number*/) {
  tell(kSignal);
}

}  // namespace

SignalWatch::SignalWatch() {
  if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe for signals");
  thread_ = std::thread([this] {
    char what = 0;
    while (::read(pipe_ends[0], &what, 1) == 1 && what == kSignal) {
      if (source_.stop_requested()) ::_exit(kExitAfterSecondSignal);
      source_.request_stop();
    }
  });
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

SignalWatch::~SignalWatch() {
  tell(kEnd);
  thread_.join();
}

}  // namespace attune::cli
