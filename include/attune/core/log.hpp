// Log: where the library says what a person may want to know later. The library itself never prints: `cli` and `server`
// install a sink; without one, messages are dropped. Thread-safe.
#pragma once

#include <functional>
#include <string_view>

namespace attune {

enum class LogLevel { debug, info, warning, error };

using LogSink = std::function<void(LogLevel level, std::string_view message)>;

// Replaces the sink for the whole process. An empty function removes it.
void set_log_sink(LogSink sink);

void log(LogLevel level, std::string_view message);

}  // namespace attune
