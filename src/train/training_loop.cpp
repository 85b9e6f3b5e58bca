#include "train/training_loop.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/core/work_sharing.hpp"

#include "train/checkpoint.hpp"
#include "train/loss_curve.hpp"

namespace attune::train {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kCheckpointName = "checkpoint.bin";
constexpr const char* kLogName = "log.jsonl";
constexpr const char* kCurveName = "loss.svg";
constexpr double kSmoothing = 0.95;  // of the loss that is shown

class Loop {
 public:
  Loop(Task& task, const LoopOptions& options) : task_(task), options_(options), groups_(task.weight_groups()) {}

  Status open();
  Result<LoopResult> run(const std::function<void(const LoopProgress&)>& progress, const std::stop_token& stop);

 private:
  [[nodiscard]] bool finished() const;
  Result<LaneResult> gradients(std::uint64_t step);
  Status step(LoopProgress& now);
  Status measure(LoopProgress& now);
  Status save();
  void write_line(const nlohmann::json& line);
  [[nodiscard]] std::span<const float> measured_weights() const {
    return state_.average.empty() ? state_.weights : state_.average;
  }

  Task& task_;
  const LoopOptions& options_;
  std::vector<WeightGroup> groups_;
  Checkpoint state_;
  std::vector<std::vector<float>> lanes_;
  std::ofstream log_;
  std::optional<double> smooth_;
  Measurement measurement_;
  Clock::time_point saved_ = Clock::now();
};

Status Loop::open() {
  std::error_code code;
  std::filesystem::create_directories(options_.folder, code);
  if (code) return Error{ErrorKind::io, "'" + to_utf8(options_.folder) + "': " + code.message()};
  auto found = load_checkpoint(options_.folder / kCheckpointName);
  if (found) {
    if (found->recipe != options_.recipe) {
      return Error{ErrorKind::conflict, "'" + to_utf8(options_.folder) +
                                            "' holds the run of another recipe or of other data; name another folder, "
                                            "or remove it"};
    }
    state_ = std::move(found).value();
  } else if (found.error().kind == ErrorKind::not_found) {
    state_.recipe = options_.recipe;
    state_.weights = task_.first_weights();
    state_.optimiser.reset(state_.weights.size());
    if (options_.average_decay > 0) state_.average = state_.weights;
  } else {
    return found.error();
  }
  // Lines behind the checkpoint are of steps that will be done again.
  const std::filesystem::path log = options_.folder / kLogName;
  std::string kept;
  {
    std::ifstream old(log);
    for (std::string line; std::getline(old, line);) {
      const auto entry = nlohmann::json::parse(line, nullptr, false);
      if (entry.is_object() && entry.value("step", std::uint64_t{0}) <= state_.step) kept += line + "\n";
    }
  }
  if (const Status status = write_file_durably(log, kept); !status) return status;
  log_.open(log, std::ios::app);
  lanes_.assign(std::max<std::size_t>(options_.lanes, 1), {});
  return {};
}

bool Loop::finished() const {
  if (state_.step >= options_.learning_rate.steps) return true;
  if (options_.patience == 0 || state_.best.empty()) return false;
  return state_.step >= state_.best_step + options_.patience * options_.measure_every;
}

void Loop::write_line(const nlohmann::json& line) {
  log_ << line.dump() << '\n' << std::flush;
}

// The sum of all lanes' gradients, in lanes_[0].
Result<LaneResult> Loop::gradients(std::uint64_t step) {
  std::vector<Result<LaneResult>> results(lanes_.size(), LaneResult{});
  share_out<int>(lanes_.size(), thread_count(options_.threads), {}, [&](std::size_t lane, int&) {
    lanes_[lane].assign(state_.weights.size(), 0.0F);
    results[lane] = task_.run_lane(step, lane, lanes_[lane]);
  });
  LaneResult sum;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    if (!results[lane]) return results[lane].error();
    sum.loss += results[lane]->loss;
    sum.examples += results[lane]->examples;
    sum.pairs += results[lane]->pairs;
    if (lane == 0) continue;
    for (std::size_t i = 0; i < lanes_[0].size(); ++i) lanes_[0][i] += lanes_[lane][i];
  }
  return sum;
}

Status Loop::step(LoopProgress& now) {
  const std::uint64_t step = state_.step + 1;
  const auto started = Clock::now();
  const auto sum = gradients(step);
  if (!sum) return sum.error();
  std::vector<float>& gradient = lanes_[0];
  const double examples = static_cast<double>(std::max<std::size_t>(sum->examples, 1));
  const double norm = gradient_norm(gradient) / examples;
  if (!std::isfinite(norm)) {
    return Error{ErrorKind::internal, "step " + std::to_string(step) + ": the gradient is not finite"};
  }
  const double scale = (options_.clip > 0 && norm > options_.clip ? options_.clip / norm : 1.0) / examples;
  for (float& g : gradient) g *= static_cast<float>(scale);
  const double rate = learning_rate_at(options_.learning_rate, step);
  adamw_step(options_.adamw, groups_, step, rate, gradient, state_.optimiser, state_.weights);
  if (!state_.average.empty()) {
    // Young averages look back less far than they are old.
    const double decay = std::min(options_.average_decay, static_cast<double>(step) / static_cast<double>(step + 9));
    const auto keep = static_cast<float>(decay);
    for (std::size_t i = 0; i < state_.average.size(); ++i) {
      state_.average[i] = keep * state_.average[i] + (1 - keep) * state_.weights[i];
    }
  }
  task_.use(state_.weights);
  state_.step = step;
  const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
  const double loss = sum->loss / examples;
  smooth_ = smooth_ ? kSmoothing * *smooth_ + (1 - kSmoothing) * loss : loss;
  now.step = step;
  now.loss = *smooth_;
  now.pairs_per_second = static_cast<double>(sum->pairs) / seconds;
  write_line({{"step", step},
              {"loss", loss},
              {"learning_rate", rate},
              {"gradient_norm", norm},
              {"pairs_per_second", std::round(now.pairs_per_second * 10) / 10}});
  return {};
}

Status Loop::measure(LoopProgress& now) {
  task_.use(measured_weights());
  auto measurement = task_.measure();
  task_.use(state_.weights);
  if (!measurement) return measurement.error();
  measurement_ = std::move(measurement).value();
  now.measurement = &measurement_;
  nlohmann::json line = {{"step", state_.step}, {"measure", measurement_.measure}};
  for (const auto& [name, value] : measurement_.numbers) line[name] = value;
  write_line(line);
  if (state_.best.empty() || measurement_.measure > state_.best_measure) {
    state_.best.assign(measured_weights().begin(), measured_weights().end());
    state_.best_measure = measurement_.measure;
    state_.best_step = state_.step;
  }
  return {};
}

Status Loop::save() {
  saved_ = Clock::now();
  if (const Status status = save_checkpoint(options_.folder / kCheckpointName, state_); !status) return status;
  const std::string curve = draw_loss_curve(read_log(options_.folder / kLogName, state_.step));
  return write_file_durably(options_.folder / kCurveName, curve);
}

Result<LoopResult> Loop::run(const std::function<void(const LoopProgress&)>& progress, const std::stop_token& stop) {
  task_.use(state_.weights);
  LoopProgress now{.step = state_.step, .steps = options_.learning_rate.steps};
  // What the run starts from is a candidate as well: training that only harms must not win.
  if (state_.step == 0 && state_.best.empty()) {
    if (const Status status = measure(now); !status) return status.error();
    state_.first_measure = measurement_.measure;
    if (progress) progress(now);
  }
  const std::uint64_t first = state_.step;
  const auto started = Clock::now();
  while (!finished() && !stop.stop_requested() &&
         (options_.stop_after == 0 || state_.step - first < options_.stop_after)) {
    now.measurement = nullptr;
    if (const Status status = step(now); !status) return status.error();
    const bool is_last = state_.step >= options_.learning_rate.steps;
    if (is_last || state_.step % std::max<std::uint64_t>(options_.measure_every, 1) == 0) {
      if (const Status status = measure(now); !status) return status.error();
    }
    if (Clock::now() - saved_ >= options_.checkpoint_every) {
      if (const Status status = save(); !status) return status.error();
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - started).count();
    const double per_step = seconds / static_cast<double>(state_.step - first);
    now.left = std::chrono::seconds(std::llround(per_step * static_cast<double>(now.steps - state_.step)));
    if (progress) progress(now);
  }
  if (const Status status = save(); !status) return status.error();
  return LoopResult{state_.best, state_.step, state_.best_step, state_.best_measure, state_.first_measure, finished()};
}

}  // namespace

Result<LoopResult> run_training(Task& task, const LoopOptions& options,
                                const std::function<void(const LoopProgress&)>& progress, const std::stop_token& stop) {
  Loop loop(task, options);
  if (const Status status = loop.open(); !status) return status.error();
  return loop.run(progress, stop);
}

}  // namespace attune::train
