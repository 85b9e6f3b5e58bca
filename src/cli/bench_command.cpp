// attune bench embed|rerank: how fast the engine is here, next to what the machine could do and how exact it is.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <numeric>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/core/work_sharing.hpp"
#include "attune/model.hpp"

#include "cli/command.hpp"
#include "cli/text_lines.hpp"

namespace attune::cli {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

struct BenchOptions {
  CommonOptions common;
  std::string model;
  std::string file;
  std::string query = "how does attention decide which words belong together";
  nn::Precision precision = nn::Precision::i8;
  std::size_t tokens = 128;
  std::size_t count = 64;
  std::size_t batch = 0;
  int repeat = 5;
};

// Token ids of all sequences, and how long making them took.
struct Inputs {
  std::vector<ModelInput> inputs;
  double seconds = 0;

  [[nodiscard]] std::vector<Encoder::Sequence> sequences() const {
    std::vector<Encoder::Sequence> views;
    for (const ModelInput& input : inputs) views.push_back({input.ids, input.types});
    return views;
  }
};

// Sequences of exactly options.tokens tokens each, always the same: ids from all over the vocabulary.
Inputs made_up_inputs(const BenchOptions& options, const Encoder& encoder) {
  Inputs made;
  const std::size_t tokens = std::min(options.tokens, encoder.description().max_positions);
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < options.count; ++i) {
    ModelInput input;
    for (std::size_t t = 0; t < tokens; ++t) {
      state = state * 1664525U + 1013904223U;
      input.ids.push_back(static_cast<std::int32_t>(state % encoder.description().vocabulary));
    }
    made.inputs.push_back(std::move(input));
  }
  return made;
}

// A pair stands in a line as "query TAB text"; a line without a tab goes with --query. A query that several lines in a
// row share is cut into tokens once.
struct PairLine {
  std::string_view query;
  std::string_view text;
};
PairLine split_line(const std::string& line, const std::string& query) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string::npos) return {query, line};
  return {std::string_view(line).substr(0, tab), std::string_view(line).substr(tab + 1)};
}

// The lines of a file, alone or as pairs.
Result<Inputs> inputs_of_file(const BenchOptions& options, const Encoder& encoder, bool pairs) {
  const auto lines = read_lines(options.file);
  if (!lines) return lines.error();
  Inputs made;
  made.inputs.resize(lines->size());
  std::vector<Status> failures(lines->size());
  const auto start = Clock::now();
  const InputLimits limits = {.max_tokens = encoder.description().max_positions, .truncation = Truncation::only_second};
  struct Query {
    std::string_view text;
    Encoding encoding;
  };
  share_out<Query>(lines->size(), thread_count(options.common.threads), {}, [&](std::size_t index, Query& query) {
    const PairLine line = pairs ? split_line((*lines)[index], options.query) : PairLine{{}, (*lines)[index]};
    if (pairs && (query.encoding.ids.empty() || query.text != line.query)) {
      query = {line.query, encoder.tokenizer().encode(line.query)};
    }
    const Encoding text = encoder.tokenizer().encode(line.text);
    auto input = pairs ? build_pair(encoder.sequence_template(), query.encoding, text, limits)
                       : build_input(encoder.sequence_template(), text, limits);
    if (input) {
      made.inputs[index] = std::move(input).value();
    } else {
      failures[index] = input.error();
    }
  });
  made.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  for (std::size_t i = 0; i < failures.size(); ++i) {
    if (!failures[i]) return failures[i].error().while_doing("line " + std::to_string(i + 1));
  }
  if (made.inputs.empty()) return Error{ErrorKind::bad_input, options.file + " holds no lines"};
  return made;
}

struct Run {
  std::vector<float> numbers;
  std::vector<double> seconds;  // of each repetition, ascending
};

Result<Run> run_encoder(const BenchOptions& options, const Encoder& encoder, const Inputs& inputs, bool logits,
                        const Session& session) {
  const auto sequences = inputs.sequences();
  const std::size_t row = logits ? encoder.description().labels.size() : encoder.description().width;
  Run run{std::vector<float>(sequences.size() * row), {}};
  const BatchOptions batch = {.threads = options.common.threads, .stop = session.stop};
  const std::size_t at_a_time = options.batch == 0 ? sequences.size() : options.batch;
  const auto run_all = [&]() -> Status {
    for (std::size_t first = 0; first < sequences.size(); first += at_a_time) {
      const auto part = std::span(sequences).subspan(first, std::min(at_a_time, sequences.size() - first));
      const auto out = std::span(run.numbers).subspan(first * row, part.size() * row);
      const Status status = logits ? encoder.classify(part, batch, out) : encoder.encode(part, batch, out);
      if (!status) return status;
    }
    return {};
  };
  // The first run is not counted: it brings weights into the cache and memory into being.
  for (int turn = 0; turn <= options.repeat; ++turn) {
    const auto start = Clock::now();
    if (const Status status = run_all(); !status) return status.error();
    if (turn > 0) run.seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::sort(run.seconds.begin(), run.seconds.end());
  return run;
}

// The lowest cosine of rows of `a` and `b`, or for one number a row the largest difference.
double agreement(const std::vector<float>& a, const std::vector<float>& b, std::size_t row) {
  double worst = row == 1 ? 0.0 : 1.0;
  for (std::size_t start = 0; start < a.size(); start += row) {
    double product = 0;
    double left = 0;
    double right = 0;
    for (std::size_t i = start; i < start + row; ++i) {
      const auto x = static_cast<double>(a[i]);
      const auto y = static_cast<double>(b[i]);
      if (row == 1) worst = std::max(worst, std::abs(x - y));
      product += x * y;
      left += x * x;
      right += y * y;
    }
    if (row > 1) worst = std::min(worst, product / std::sqrt(left * right));
  }
  return worst;
}

// Megabytes of this process that lie in memory; 0 where the system does not tell.
double resident_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmRSS:") continue;
    double kilobytes = 0;
    status >> kilobytes;
    return kilobytes * 1024 / 1e6;
  }
  return 0;
}

double useful_operations(const Encoder& encoder, const Inputs& inputs) {
  double products = 0;
  for (const ModelInput& input : inputs.inputs) {
    const auto tokens = static_cast<double>(input.ids.size());
    products += tokens * encoder.products_per_token() + tokens * tokens * encoder.products_per_token_pair();
  }
  return 2 * products;
}

Status report(const BenchOptions& options, const Json& json) {
  if (options.common.json) {
    print_line(json.dump(2));
    return {};
  }
  for (const auto& [key, value] : json.items()) {
    std::string label = key + ":";
    label.resize(24, ' ');
    print_line(label + (value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return {};
}

double rounded(double value) {
  return std::round(value * 1e4) / 1e4;
}

Status run_bench(const BenchOptions& options, bool pairs, Session& session) {
  const auto models = options.common.models.empty() ? default_models() : options.common.models;
  const auto path = options.model.empty() ? models / "embedder" : std::filesystem::path(options.model);
  const double resident_before = resident_megabytes();
  const auto loading = Clock::now();
  const auto encoder = Encoder::open(path, {.precision = options.precision, .threads = options.common.threads});
  if (!encoder) return encoder.error();
  const double load_seconds = std::chrono::duration<double>(Clock::now() - loading).count();
  const double resident_loaded = resident_megabytes();
  const bool logits = pairs && !(*encoder)->description().labels.empty();
  auto inputs = Result<Inputs>(options.file.empty() ? made_up_inputs(options, **encoder) : Inputs());
  if (!options.file.empty()) inputs = inputs_of_file(options, **encoder, pairs);
  if (!inputs) return inputs.error();
  const auto run = run_encoder(options, **encoder, *inputs, logits, session);
  if (!run) return run.error();
  const double peak = nn::measure_peak(options.precision, thread_count(options.common.threads));

  BenchOptions once = options;
  once.repeat = 0;
  const auto exact = Encoder::open(path, {.precision = nn::Precision::f32, .threads = options.common.threads});
  if (!exact) return exact.error();
  const auto reference = run_encoder(once, **exact, *inputs, logits, session);
  if (!reference) return reference.error();

  const double seconds = run->seconds[run->seconds.size() / 2];
  const auto count = static_cast<double>(inputs->inputs.size());
  const double tokens =
      std::accumulate(inputs->inputs.begin(), inputs->inputs.end(), 0.0,
                      [](double sum, const ModelInput& input) { return sum + static_cast<double>(input.ids.size()); });
  const double operations = useful_operations(**encoder, *inputs);
  const std::size_t row = run->numbers.size() / inputs->inputs.size();
  return report(options, Json{{"model", (*encoder)->description().identity},
                              {"precision", options.precision == nn::Precision::i8 ? "i8" : "f32"},
                              {"cpu_level", nn::cpu_level_name(nn::cpu_level())},
                              {"threads", thread_count(options.common.threads)},
                              {"scores", !pairs   ? "vectors"
                                         : logits ? "cross-encoder logits"
                                                  : "no head: vectors of both texts as one"},
                              {pairs ? "pairs" : "passages", inputs->inputs.size()},
                              {"tokens", tokens},
                              {pairs ? "pairs_per_second" : "passages_per_second", rounded(count / seconds)},
                              {"tokens_per_second", rounded(tokens / seconds)},
                              {"seconds_median", rounded(seconds)},
                              {"seconds_best", rounded(run->seconds.front())},
                              {"seconds_worst", rounded(run->seconds.back())},
                              {"tokenizer_seconds", rounded(inputs->seconds)},
                              {"load_seconds", rounded(load_seconds)},
                              {"gflops", rounded(operations / seconds / 1e9)},
                              {"gflops_peak", rounded(peak / 1e9)},
                              {"share_of_peak", rounded(operations / seconds / peak)},
                              {"resident_megabytes", rounded(resident_loaded)},
                              {"resident_megabytes_of_model", rounded(resident_loaded - resident_before)},
                              {"weight_megabytes", rounded(static_cast<double>((*encoder)->weight_bytes()) / 1e6)},
                              {row == 1 ? "largest_difference_from_f32" : "lowest_cosine_with_f32",
                               agreement(run->numbers, reference->numbers, row)}});
}

void add_bench(CLI::App& bench, Session& session, bool pairs) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command =
      pairs ? add_command(bench, "rerank", "Pairs of query and passage a second",
                          "attune bench rerank --query 'how do vines climb' --file passages.txt", options->common)
            : add_command(bench, "embed", "Passages a second", "attune bench embed --precision i8", options->common);
  command->add_option("--models", options->common.models, "folder with the models");
  command->add_option("--model", options->model, "a model directory or .onnx file (default: the embedder)");
  command->add_option("--threads", options->common.threads, "threads; 0 means one for each core")
      ->check(CLI::Range(0, 1024));
  add_precision_option(*command, options->precision);
  command->add_option("--file", options->file,
                      pairs ? "passages, or 'query TAB passage', one a line (default: made-up tokens)"
                            : "texts, one a line (default: made-up tokens)");
  command->add_option("--tokens", options->tokens, "tokens of each made-up sequence")->capture_default_str();
  command->add_option("--count", options->count, "made-up sequences")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--batch", options->batch, "sequences handed over at a time; 0: all")->capture_default_str();
  command->add_option("--repeat", options->repeat, "runs; the median counts")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  if (pairs) command->add_option("--query", options->query, "the query")->capture_default_str();
  on_run(command, session, [options, pairs, &session] { return run_bench(*options, pairs, session); });
}

}  // namespace

void add_bench_command(CLI::App& app, Session& session) {
  CLI::App* bench = app.add_subcommand("bench", "Measure the attention engine on this machine");
  bench->footer("Example:\n  attune bench embed");
  bench->require_subcommand(1);
  add_bench(*bench, session, false);
  add_bench(*bench, session, true);
}

}  // namespace attune::cli
