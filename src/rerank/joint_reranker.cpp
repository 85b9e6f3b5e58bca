// The reranker that stands above the embedder: its lower layers read query and passage, the joint layers compare them.
#include <algorithm>
#include <limits>
#include <optional>

#include "attune/core/dot_product.hpp"
#include "attune/core/file.hpp"
#include "attune/model/joint.hpp"
#include "attune/rerank.hpp"

namespace attune {
namespace {

using Clock = std::chrono::steady_clock;

// Of a passage, prefix and special tokens included: more is read in windows, each beginning a quarter before the last
// one's end.
constexpr std::size_t kWindowTokens = 256;
constexpr std::size_t kAddedTokens = 8;  // at most: prefix, begin, end
constexpr std::size_t kWindowStep = (kWindowTokens - kAddedTokens) * 3 / 4;
constexpr std::size_t kQueryTokens = 128;
constexpr std::size_t kHitsAtOnce = 16;  // between two looks at the clock
constexpr const char* kLeg = "rerank";

struct Window {
  std::size_t hit = 0;
  ByteSpan span;  // in the hit's text
};

std::vector<Window> windows_of(std::size_t hit, const std::string& text, const Tokenizer& tokenizer) {
  const auto whole = ByteSpan{0, text.size()};
  const Encoding pieces = tokenizer.encode(text);
  const std::size_t room = kWindowTokens - kAddedTokens;
  if (pieces.ids.size() <= room) return {{hit, whole}};
  std::vector<Window> windows;
  for (std::size_t first = 0;; first += kWindowStep) {
    const std::size_t last = std::min(first + room, pieces.ids.size()) - 1;
    windows.push_back({hit, {pieces.offsets[first].start, pieces.offsets[last].end}});
    if (last + 1 == pieces.ids.size()) return windows;
  }
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

class JointReranker final : public Reranker {
 public:
  JointReranker(const JointModel& model, const Embedder& embedder, std::string identity)
      : embedder_(embedder), layers_(JointLayers::pack(model, nn::Precision::i8)), identity_(std::move(identity)) {}

  Result<std::vector<Hit>> rerank(std::string_view query, std::span<const Hit> hits,
                                  const RerankOptions& options) const override;
  const std::string& identity() const override { return identity_; }

 private:
  Status judge(const TokenStates& query, std::span<const Hit> hits, std::span<const Window> windows,
               std::vector<Verdict>& verdicts) const;

  const Embedder& embedder_;
  std::unique_ptr<JointLayers> layers_;
  std::string identity_;
};

Status JointReranker::judge(const TokenStates& query, std::span<const Hit> hits, std::span<const Window> windows,
                            std::vector<Verdict>& verdicts) const {
  const std::size_t width = layers_->shape().width;
  std::vector<std::string_view> texts;
  for (const Window& window : windows) texts.push_back(window.span.of(hits[window.hit].text));
  const auto read = embedder_.read(texts, EmbedRole::passage, {layers_->shape().lower_layers, kWindowTokens});
  if (!read) return read.error();
  RoundedStates rounded;
  round_states(width, read->states, rounded);
  std::vector<JointLayers::Pair> pairs;
  std::size_t token = 0;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const std::size_t length = read->lengths[i];
    pairs.push_back({query.states, std::span(rounded.values).subspan(token * width, length * width),
                     std::span(rounded.scales).subspan(token, length),
                     dot_product(query.vectors.row(0), read->vectors.row(i))});
    token += length;
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

Result<std::vector<Hit>> JointReranker::rerank(std::string_view query, std::span<const Hit> hits,
                                               const RerankOptions& options) const {
  for (const Hit& hit : hits) {
    if (hit.text.empty()) return Error{ErrorKind::bad_input, "a hit without text cannot be reranked"};
  }
  if (hits.empty()) return std::vector<Hit>{};
  if (Clock::now() >= options.deadline) return Error{ErrorKind::cancelled, "there was no time to rerank"};
  const auto read_query =
      embedder_.read(std::span(&query, 1), EmbedRole::query, {layers_->shape().lower_layers, kQueryTokens});
  if (!read_query) return read_query.error();
  std::vector<Verdict> verdicts(hits.size());
  for (std::size_t first = 0; first < hits.size() && Clock::now() < options.deadline; first += kHitsAtOnce) {
    std::vector<Window> windows;
    for (std::size_t hit = first; hit < std::min(first + kHitsAtOnce, hits.size()); ++hit) {
      std::ranges::move(windows_of(hit, hits[hit].text, embedder_.tokenizer()), std::back_inserter(windows));
    }
    if (const Status status = judge(*read_query, hits, windows, verdicts); !status) return status.error();
  }

  Range first_stage;
  Range model;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    first_stage.add(hits[i].score);
    if (verdicts[i].score) model.add(*verdicts[i].score);
  }
  std::vector<Hit> scored;
  std::vector<Hit> rest;
  const auto share = static_cast<float>(options.first_stage);
  for (std::size_t i = 0; i < hits.size(); ++i) {
    Hit hit = hits[i];
    const Verdict& verdict = verdicts[i];
    if (!verdict.score) {
      rest.push_back(std::move(hit));
      continue;
    }
    const float own = share > 0 ? (1 - share) * model.place(*verdict.score) : *verdict.score;
    const float kept = share > 0 ? share * first_stage.place(hit.score) : 0.0F;
    for (ScorePart& part : hit.parts) part.contribution *= hit.score > 0 ? kept / hit.score : 0.0F;
    hit.parts.push_back({kLeg, 0, *verdict.score, own});
    if (verdict.windows > 1) hit.best_window = verdict.best;
    hit.score = own + kept;
    scored.push_back(std::move(hit));
  }
  // The place by the model alone, then the order that is shown.
  const auto by_model = [](const Hit& a, const Hit& b) { return a.parts.back().score > b.parts.back().score; };
  std::ranges::stable_sort(scored, by_model);
  for (std::size_t i = 0; i < scored.size(); ++i) scored[i].parts.back().rank = static_cast<int>(i) + 1;
  std::ranges::sort(scored, [](const Hit& a, const Hit& b) {
    return a.score != b.score ? a.score > b.score : a.chunk_id < b.chunk_id;
  });
  // What was not scored stands behind what was, also by its number.
  const float lowest = scored.empty() ? 0.0F : scored.back().score;
  for (Hit& hit : rest) {
    hit.score = lowest;
    scored.push_back(std::move(hit));
  }
  if (scored.size() > options.keep) scored.resize(options.keep);
  return scored;
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
