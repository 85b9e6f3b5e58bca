#include "cli/signals.hpp"

#include <ctime>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace attune::cli {
namespace {

constexpr int kExitAfterSecondSignal = 130;

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

SignalWatch::SignalWatch() {
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  thread_ = std::jthread([this, set](const std::stop_token& end) {
    constexpr timespec kPause{0, 200'000'000};  // between looks at `end`
    while (!end.stop_requested()) {
      if (sigtimedwait(&set, nullptr, &kPause) < 0) continue;
      if (source_.stop_requested()) ::_exit(kExitAfterSecondSignal);
      source_.request_stop();
    }
  });
}

SignalWatch::~SignalWatch() = default;

}  // namespace attune::cli
