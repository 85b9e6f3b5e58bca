#include "train/loss_curve.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>

#include <nlohmann/json.hpp>

namespace attune::train {
namespace {

constexpr double kWidth = 720;
constexpr double kHeight = 360;
constexpr double kLeft = 56;
constexpr double kRight = 56;
constexpr double kTop = 24;
constexpr double kBottom = 40;
constexpr std::size_t kMostPoints = 600;  // of a line: more than there are pixels shows nothing

struct Range {
  double low = 0;
  double high = 1;
};

Range range_of(const std::vector<LogPoint>& points) {
  if (points.empty()) return {};
  const auto by_value = [](const LogPoint& a, const LogPoint& b) { return a.value < b.value; };
  const auto [low, high] = std::ranges::minmax(points, by_value);
  const double room = std::max((high.value - low.value) * 0.05, 1e-6);
  return {low.value - room, high.value + room};
}

std::string number(double value, const char* form = "%.1f") {
  char text[32];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

std::string text_at(double x, double y, const char* anchor, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\">" + text + "</text>\n";
}

// Means of neighbours, so that a long run stays a small picture.
std::vector<LogPoint> thinned(const std::vector<LogPoint>& points) {
  const std::size_t bucket = points.size() / kMostPoints + 1;
  std::vector<LogPoint> few;
  for (std::size_t start = 0; start < points.size(); start += bucket) {
    const std::size_t end = std::min(start + bucket, points.size());
    double sum = 0;
    for (std::size_t i = start; i < end; ++i) sum += points[i].value;
    few.push_back({points[end - 1].step, sum / static_cast<double>(end - start)});
  }
  return few;
}

std::vector<LogPoint> smoothed(const std::vector<LogPoint>& points) {
  std::vector<LogPoint> smooth = points;
  const double keep = 1 - 1 / (1 + static_cast<double>(points.size()) / 50);
  for (std::size_t i = 1; i < smooth.size(); ++i) {
    smooth[i].value = keep * smooth[i - 1].value + (1 - keep) * smooth[i].value;
  }
  return smooth;
}

class Plot {
 public:
  explicit Plot(double last_step) : last_step_(std::max(last_step, 1.0)) {}

  void line(const std::vector<LogPoint>& points, const Range& range, const char* kind) {
    if (points.empty()) return;
    body_ += std::string("<polyline class=\"") + kind + "\" points=\"";
    for (const LogPoint& point : points) {
      const double x = kLeft + static_cast<double>(point.step) / last_step_ * (kWidth - kLeft - kRight);
      const double share = (point.value - range.low) / (range.high - range.low);
      body_ += number(x) + "," + number(kHeight - kBottom - share * (kHeight - kTop - kBottom)) + " ";
    }
    body_ += "\"/>\n";
  }
  // Labels of the lowest and the highest value at the left or the right edge.
  void scale(const Range& range, bool right, const std::string& name) {
    const double x = right ? kWidth - kRight + 6 : kLeft - 6;
    const char* anchor = right ? "start" : "end";
    body_ += text_at(x, kHeight - kBottom, anchor, number(range.low, "%.3f"));
    body_ += text_at(x, kTop + 10, anchor, number(range.high, "%.3f"));
    body_ += text_at(right ? kWidth - 4 : 4, kTop - 8, right ? "end" : "start", name);
  }
  [[nodiscard]] std::string finished() const {
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 360\" role=\"img\" aria-label=\"Loss and "
           "measurements by step\">\n<style>text{font:12px sans-serif;fill:#555}polyline{fill:none;stroke-width:1}"
           ".raw{stroke:#9bbbd8}.loss{stroke:#1f6fb2;stroke-width:2}.measure{stroke:#b2521f;stroke-width:2}"
           ".frame{fill:none;stroke:#999}</style>\n<rect class=\"frame\" x=\"56\" y=\"24\" width=\"608\" "
           "height=\"296\"/>\n" +
           body_ + text_at(kLeft, kHeight - 16, "start", "step 0") +
           text_at(kWidth - kRight, kHeight - 16, "end", number(last_step_, "%.0f")) + "</svg>\n";
  }

 private:
  double last_step_;
  std::string body_;
};

}  // namespace

RunLog read_log(const std::filesystem::path& file, std::uint64_t last_step) {
  RunLog log;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line, nullptr, false);
    if (!entry.is_object()) continue;
    const auto step = entry.value("step", std::uint64_t{0});
    if (step > last_step) continue;
    if (entry.contains("measure")) log.measures.push_back({step, entry.value("measure", 0.0)});
    if (entry.contains("learning_rate")) log.losses.push_back({step, entry.value("loss", 0.0)});
  }
  return log;
}

std::string draw_loss_curve(const RunLog& log) {
  const std::vector<LogPoint> losses = thinned(log.losses);
  std::uint64_t last = 0;
  for (const auto* points : {&log.losses, &log.measures}) {
    if (!points->empty()) last = std::max(last, points->back().step);
  }
  Plot plot(static_cast<double>(last));
  const Range loss_range = range_of(losses);
  plot.line(losses, loss_range, "raw");
  plot.line(smoothed(losses), loss_range, "loss");
  plot.scale(loss_range, false, "loss");
  if (!log.measures.empty()) {
    const Range range = range_of(log.measures);
    plot.line(log.measures, range, "measure");
    plot.scale(range, true, "held out");
  }
  return plot.finished();
}

}  // namespace attune::train
