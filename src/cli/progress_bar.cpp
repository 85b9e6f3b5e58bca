#include "cli/progress_bar.hpp"

#include <algorithm>
#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

#include "attune/text.hpp"

namespace attune::cli {
namespace {

constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr std::size_t kBarWidth = 24;

const char* phase_name(IngestProgress::Phase phase) {
  switch (phase) {
    case IngestProgress::Phase::scanning:
      return "looking";
    case IngestProgress::Phase::reading:
      return "reading";
    case IngestProgress::Phase::embedding:
      return "vectors";
    case IngestProgress::Phase::indexing:
      return "indexing";
    case IngestProgress::Phase::reading_ahead:
      return "states";
  }
  return "";
}

const char* unit_name(IngestProgress::Phase phase) {
  const bool passages = phase == IngestProgress::Phase::embedding || phase == IngestProgress::Phase::reading_ahead;
  return passages ? "passages" : "files";
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + std::to_string(whole % 3600 / 60) + " min";
}

std::size_t terminal_columns() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

std::string progress_line(const IngestProgress& progress, double seconds, std::size_t columns) {
  std::string line = phase_name(progress.phase);
  line.resize(9, ' ');
  if (progress.total > 0) {
    const std::uint64_t done = std::min(progress.done, progress.total);
    const auto filled = static_cast<std::size_t>(kBarWidth * done / progress.total);
    line += "[" + std::string(filled, '#') + std::string(kBarWidth - filled, ' ') + "] ";
    line += std::to_string(100 * done / progress.total) + "%  ";
    line += std::to_string(done) + "/" + std::to_string(progress.total);
    if (done > 0 && seconds > 0.5) {
      const double rate = static_cast<double>(done) / seconds;
      char rate_text[64];
      std::snprintf(rate_text, sizeof rate_text, "  %.1f %s/s", rate, unit_name(progress.phase));
      line += rate_text;
      line += "  " + duration_text(static_cast<double>(progress.total - done) / rate) + " left";
    }
  }
  if (!progress.current.empty()) line += "  " + progress.current;
  const std::size_t room = columns > 1 ? columns - 1 : 0;
  if (line.size() > room) line.resize(text::grapheme_boundary_at_or_before(line, room));
  return line;
}

void ProgressBar::show(const IngestProgress& progress) {
  if (!enabled_) return;
  const auto now = Clock::now();
  if (progress.phase != phase_) {
    phase_ = progress.phase;
    phase_start_ = now;
  } else if (drawn_ && now - last_drawn_ < kRedrawEvery) {
    return;
  }
  const double seconds = std::chrono::duration<double>(now - phase_start_).count();
  std::fprintf(stderr, "\r\033[K%s", progress_line(progress, seconds, terminal_columns()).c_str());
  std::fflush(stderr);
  drawn_ = true;
  last_drawn_ = now;
}

void ProgressBar::clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

}  // namespace attune::cli
