#include "attune/core/log.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace attune {
namespace {

struct Sink {
  std::mutex mutex;
  std::shared_ptr<const LogSink> current;
};

Sink& sink() {
  static Sink instance;
  return instance;
}

}  // namespace

void set_log_sink(LogSink new_sink) {
  auto shared = new_sink ? std::make_shared<const LogSink>(std::move(new_sink)) : nullptr;
  const std::scoped_lock lock(sink().mutex);
  sink().current = std::move(shared);
}

void log(LogLevel level, std::string_view message) {
  std::shared_ptr<const LogSink> current;
  {
    const std::scoped_lock lock(sink().mutex);
    current = sink().current;
  }
  if (current) (*current)(level, message);
}

}  // namespace attune
