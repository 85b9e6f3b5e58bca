// The reranker that stands above the embedder: its lower layers read query and passage, the joint layers compare them.
#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <optional>

#include "attune/core/dot_product.hpp"
#include "attune/core/file.hpp"
#include "attune/model/joint.hpp"
#include "attune/rerank.hpp"

namespace attune {
namespace {

using Clock = std::chrono::steady_clock;

// Of a passage, prefix and special tokens included: as many as the embedder has positions for. More is read in windows,
// each beginning a quarter before the last one's end.
constexpr std::size_t kWindowTokens = 512;
constexpr std::size_t kAddedTokens = 8;  // at most: prefix, begin, end
constexpr std::size_t kWindowStep = (kWindowTokens - kAddedTokens) * 3 / 4;
constexpr std::size_t kQueryTokens = 128;
constexpr std::size_t kHitsAtOnce = 16;     // between two looks at the clock
constexpr std::size_t kKeptIsCheaper = 12;  // about as many times: only the joint layers are left to compute
constexpr const char* kLeg = "rerank";

// A hit as the model reads it: title and headings stand before its text, and count for nothing in spans.
struct ReadText {
  std::string text;
  std::size_t before = 0;  // bytes of title and headings
};

ReadText text_of(const Hit& hit) {
  ReadText read{passage_for_embedding(hit.title, hit.citation.heading, hit.text), 0};
  read.before = read.text.size() - hit.text.size();
  return read;
}

struct Window {
  std::size_t hit = 0;
  std::string text;
  ByteSpan span;                         // in the hit's own text
  const PassageReading* kept = nullptr;  // then there is no text
};

void add_windows(std::size_t hit, ReadText read, const Tokenizer& tokenizer, std::vector<Window>& windows) {
  const Encoding pieces = tokenizer.encode(read.text);
  const std::size_t room = kWindowTokens - kAddedTokens;
  if (pieces.ids.size() <= room) {
    windows.push_back({.hit = hit, .text = std::move(read.text), .span = {}});
    return;
  }
  for (std::size_t first = 0;; first += kWindowStep) {
    const std::size_t last = std::min(first + room, pieces.ids.size()) - 1;
    const ByteSpan span{pieces.offsets[first].start, pieces.offsets[last].end};
    windows.push_back({.hit = hit, .text = std::string(span.of(read.text)), .span = {}});
    windows.back().span = {std::max(span.start, read.before) - read.before,
                           std::max(span.end, read.before) - read.before};
    if (last + 1 == pieces.ids.size()) return;
  }
}

const PassageReading* find_reading(const PassageReadings* readings, std::int64_t chunk_id) {
  if (readings == nullptr) return nullptr;
  const auto found = readings->find(chunk_id);
  return found == readings->end() ? nullptr : &found->second;
}

// What the model says of each hit.
struct Verdict {
  std::optional<float> score;
  std::size_t windows = 0;
  ByteSpan best;
};

// x brought to 0 … 1 over a list; all alike: 0.5.
class Range {
 public:
  void add(float x) {
    low_ = std::min(low_, x);
    high_ = std::max(high_, x);
  }
  [[nodiscard]] float place(float x) const { return high_ > low_ ? (x - low_) / (high_ - low_) : 0.5F; }

 private:
  float low_ = std::numeric_limits<float>::max();
  float high_ = std::numeric_limits<float>::lowest();
};

// What reading has cost, as a moving average over calls.
class Pace {
 public:
  [[nodiscard]] Clock::duration expected(std::size_t bytes) const {
    const std::chrono::duration<double> seconds(static_cast<double>(bytes) * seconds_per_byte_.load());
    return std::chrono::duration_cast<Clock::duration>(seconds);
  }
  void note(std::size_t bytes, std::chrono::duration<double> took) {
    const double now = took.count() / static_cast<double>(std::max<std::size_t>(1, bytes));
    const double before = seconds_per_byte_.load();
    // A race between two calls loses one of two like numbers.
    seconds_per_byte_.store(before == 0 ? now : before + 0.2 * (now - before));
  }

 private:
  std::atomic<double> seconds_per_byte_ = 0;  // 0: nothing was read yet
};

// Behind those that were read, in their own order and also by their numbers.
void append_unread(std::span<const Hit> unread, std::vector<Hit>& to) {
  const float lowest = to.empty() ? 1.0F : to.back().score;
  const float best = unread.empty() ? 0.0F : unread.front().score;
  for (const Hit& hit : unread) {
    to.push_back(hit);
    // Scores of a model alone may be negative; then places have to do.
    const float share = best > 0 ? std::max(0.0F, hit.score) / best : 1.0F;
    to.back().score = lowest > 0 ? lowest * share * 0.999F : lowest - static_cast<float>(to.size());
    for (ScorePart& part : to.back().parts) part.contribution *= hit.score > 0 ? to.back().score / hit.score : 0.0F;
  }
}

class JointReranker final : public Reranker {
 public:
  JointReranker(const JointModel& model, const Embedder& embedder, std::string identity)
      : embedder_(embedder),
        layers_(JointLayers::pack(model, nn::Precision::i8)),
        identity_(std::move(identity)),
        readings_name_(model.base + "/layer " + std::to_string(model.shape.lower_layers)),
        calibration_(model.calibration) {}

  Result<Reranked> rerank(std::string_view query, std::span<const Hit> hits,
                          const RerankOptions& options) const override;
  Result<std::vector<PassageReading>> read_passages(std::span<const std::string_view> passages,
                                                    std::stop_token stop) const override;
  const std::string& readings_name() const override { return readings_name_; }
  std::size_t width() const override { return layers_->shape().width; }
  const std::string& identity() const override { return identity_; }
  bool calibrated() const override { return calibration_.has_value(); }

 private:
  // Scores hits from the first on, as many as there is time for.
  Status score_hits(std::string_view query, std::span<const Hit> hits, const RerankOptions& options,
                    std::vector<Verdict>& verdicts, Reranked& reranked) const;
  // All of them, whatever does not fit into a window cut off.
  Result<std::vector<PassageReading>> read_texts(std::span<const std::string_view> texts, std::stop_token stop) const;
  Status judge(const TokenStates& query, std::span<const Window> windows, std::vector<Verdict>& verdicts) const;

  const Embedder& embedder_;
  std::unique_ptr<JointLayers> layers_;
  std::string identity_;
  std::string readings_name_;
  std::optional<Calibration> calibration_;
  mutable Pace pace_;
};

Result<std::vector<PassageReading>> JointReranker::read_texts(std::span<const std::string_view> texts,
                                                              std::stop_token stop) const {
  const StatesWanted wanted{layers_->shape().lower_layers, kWindowTokens};
  const auto read = embedder_.read(texts, EmbedRole::passage, wanted, std::move(stop));
  if (!read) return read.error();
  std::vector<PassageReading> readings(texts.size());
  std::size_t token = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    RoundedStates rounded;
    round_states(width(), std::span(read->states).subspan(token * width(), read->lengths[i] * width()), rounded);
    readings[i] = {std::move(rounded.scales), std::move(rounded.values), {}};
    readings[i].vector.assign(read->vectors.row(i).begin(), read->vectors.row(i).end());
    token += read->lengths[i];
  }
  return readings;
}

Result<std::vector<PassageReading>> JointReranker::read_passages(std::span<const std::string_view> passages,
                                                                 std::stop_token stop) const {
  std::vector<std::size_t> places;
  std::vector<std::string_view> texts;
  for (std::size_t i = 0; i < passages.size(); ++i) {
    if (embedder_.tokenizer().encode(passages[i]).ids.size() > kWindowTokens - kAddedTokens) continue;
    places.push_back(i);
    texts.push_back(passages[i]);
  }
  auto read = read_texts(texts, std::move(stop));
  if (!read) return read.error();
  std::vector<PassageReading> readings(passages.size());
  for (std::size_t i = 0; i < places.size(); ++i) readings[places[i]] = std::move((*read)[i]);
  return readings;
}

Status JointReranker::judge(const TokenStates& query, std::span<const Window> windows,
                            std::vector<Verdict>& verdicts) const {
  std::vector<std::string_view> texts;
  for (const Window& window : windows) {
    if (window.kept == nullptr) texts.emplace_back(window.text);
  }
  const auto read = read_texts(texts, {});
  if (!read) return read.error();
  std::vector<JointLayers::Pair> pairs;
  std::size_t next = 0;
  for (const Window& window : windows) {
    const PassageReading& passage = window.kept == nullptr ? (*read)[next++] : *window.kept;
    pairs.push_back({query.states, passage.values, passage.scales, dot_product(query.vectors.row(0), passage.vector)});
  }
  std::vector<float> scores(pairs.size());
  if (const Status status = layers_->score(pairs, {}, scores); !status) return status;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    Verdict& verdict = verdicts[windows[i].hit];
    ++verdict.windows;
    if (verdict.score && *verdict.score >= scores[i]) continue;
    verdict.score = scores[i];
    verdict.best = windows[i].span;
  }
  return {};
}

Status JointReranker::score_hits(std::string_view query, std::span<const Hit> hits, const RerankOptions& options,
                                 std::vector<Verdict>& verdicts, Reranked& reranked) const {
  const Clock::time_point deadline = options.deadline;
  if (hits.empty() || Clock::now() >= deadline) return {};
  const auto read_query =
      embedder_.read(std::span(&query, 1), EmbedRole::query, {layers_->shape().lower_layers, kQueryTokens});
  if (!read_query) return read_query.error();
  while (reranked.read < hits.size()) {
    const auto start = Clock::now();
    std::vector<Window> windows;
    std::size_t bytes = 0;
    std::size_t next = reranked.read;
    for (; next < std::min(reranked.read + kHitsAtOnce, hits.size()); ++next) {
      const PassageReading* const reading = find_reading(options.readings, hits[next].chunk_id);
      ReadText text = reading == nullptr ? text_of(hits[next]) : ReadText{};
      bytes += reading == nullptr ? text.text.size() : hits[next].text.size() / kKeptIsCheaper;
      if (deadline != Clock::time_point::max() && start + pace_.expected(bytes) >= deadline) break;
      if (reading == nullptr) {
        add_windows(next, std::move(text), embedder_.tokenizer(), windows);
      } else {
        windows.push_back({.hit = next, .text = {}, .span = {}, .kept = reading});
      }
    }
    if (windows.empty()) break;
    if (const Status status = judge(*read_query, windows, verdicts); !status) return status.error();
    pace_.note(bytes, Clock::now() - start);
    reranked.read = next;
  }
  return {};
}

Result<Reranked> JointReranker::rerank(std::string_view query, std::span<const Hit> hits,
                                       const RerankOptions& options) const {
  for (const Hit& hit : hits) {
    if (hit.text.empty()) return Error{ErrorKind::bad_input, "a hit without text cannot be reranked"};
  }
  if (options.min_relevance > 0 && !calibration_) {
    return Error{ErrorKind::bad_input, "'" + identity_ + "' was not calibrated, so there is no lowest relevance"};
  }
  const std::size_t depth = std::min(hits.size(), options.depth);
  std::vector<Verdict> verdicts(depth);
  Reranked reranked;
  if (const Status status = score_hits(query, hits.first(depth), options, verdicts, reranked); !status) {
    return status.error();
  }
  reranked.beyond = depth - reranked.read;

  Range first_stage;
  Range model;
  for (std::size_t i = 0; i < reranked.read; ++i) {
    first_stage.add(hits[i].score);
    model.add(*verdicts[i].score);
  }
  const auto share = static_cast<float>(options.first_stage);
  for (std::size_t i = 0; i < reranked.read; ++i) {
    Hit hit = hits[i];
    const Verdict& verdict = verdicts[i];
    if (calibration_) hit.relevance = calibration_->relevance(*verdict.score);
    if (hit.relevance.value_or(1) < options.min_relevance) {
      ++reranked.below;
      continue;
    }
    const float own = share > 0 ? (1 - share) * model.place(*verdict.score) : *verdict.score;
    const float kept = share > 0 ? share * first_stage.place(hit.score) : 0.0F;
    for (ScorePart& part : hit.parts) part.contribution *= hit.score > 0 ? kept / hit.score : 0.0F;
    hit.parts.push_back({kLeg, 0, *verdict.score, own});
    if (verdict.windows > 1) hit.best_window = verdict.best;
    hit.score = own + kept;
    reranked.hits.push_back(std::move(hit));
  }
  // The place by the model alone, then the order that is shown.
  std::ranges::stable_sort(reranked.hits, std::greater{}, [](const Hit& hit) { return hit.parts.back().score; });
  for (std::size_t i = 0; i < reranked.hits.size(); ++i) reranked.hits[i].parts.back().rank = static_cast<int>(i) + 1;
  std::ranges::sort(reranked.hits, [](const Hit& a, const Hit& b) {
    return a.score != b.score ? a.score > b.score : a.chunk_id < b.chunk_id;
  });
  const std::span<const Hit> unread = hits.subspan(reranked.read);
  if (options.min_relevance > 0) {
    reranked.unread = unread.size();
  } else {
    append_unread(unread, reranked.hits);
  }
  if (reranked.hits.size() > options.keep) reranked.hits.resize(options.keep);
  return reranked;
}

}  // namespace

Result<std::unique_ptr<Reranker>> open_reranker(const std::filesystem::path& directory, const Embedder* embedder) {
  const std::filesystem::path file = directory / "model.safetensors";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return Error{ErrorKind::unavailable, "no reranker is installed in '" + to_utf8(directory) + "'"};
  }
  const auto model = load_joint_model(file);
  if (!model) return model.error();
  if (embedder == nullptr) {
    return Error{ErrorKind::unsupported, "the reranker stands above an embedder, and none is loaded"};
  }
  if (model->base != embedder->identity()) {
    return Error{ErrorKind::unsupported, "the reranker in '" + to_utf8(directory) + "' stands above " + model->base +
                                             ", the embedder is " + embedder->identity()};
  }
  const auto digest = sha256_hex_of_file(file);
  if (!digest) return digest.error();
  return std::unique_ptr<Reranker>(
      std::make_unique<JointReranker>(*model, *embedder, model->name + "@" + digest->substr(0, 16)));
}

}  // namespace attune
