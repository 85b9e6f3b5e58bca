// Rerank: reorders retrieved passages by reading each one next to the query.
//
// Comes after retrieve, before the answer is built. Costs one pass of the layers per passage, so callers hand over the
// top few dozen, never a whole index. Thread-safe: rerank() keeps no state between calls.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/data/hit.hpp"
#include "attune/embed.hpp"

namespace attune {

// Unless somebody says otherwise; between what served best in an offline trial of late interaction, 0.2 to 0.5.
inline constexpr double kFirstStage = 0.35;

// What the lower layers say of a passage: the costly part of reading it, which needs no query and can be kept.
struct PassageReading {
  std::vector<float> scales;        // [tokens]
  std::vector<std::int8_t> values;  // [tokens, width], rounded
  std::vector<float> vector;        // of the embedder
};
using PassageReadings = std::map<std::int64_t, PassageReading>;  // by chunk id

struct RerankOptions {
  std::size_t keep = 10;   // hits returned at most
  std::size_t depth = 30;  // hits that are read at most, from the first on; the others follow behind them
  // Share of the first stage's score in the order, from 0 (the model alone) to 1; both sides are first brought to 0 … 1
  // over the hits. Two judges that err differently are better than either.
  double first_stage = kFirstStage;
  // As many hits are read as can be expected to be done by then, from what reading has cost so far; the others keep the
  // first stage's order behind them.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  // Hits whose relevance is below this are left out, and so are those that were not read. 0: none.
  float min_relevance = 0;
  // Hits that stand in here are not read again; scores are the same to the bit. May be null.
  const PassageReadings* readings = nullptr;
};

struct Reranked {
  std::vector<Hit> hits;   // best first; ties keep ascending chunk id
  std::size_t read = 0;    // hits that the model scored
  std::size_t beyond = 0;  // of the depth, for which there was no time
  std::size_t below = 0;   // left out for RerankOptions::min_relevance,
  std::size_t unread = 0;  // and left out because nobody knows theirs
};

class Reranker {
 public:
  virtual ~Reranker() = default;

  // Returns at most options.keep of `hits`, which come best first and may be none. Each hit that is read gets a part
  // "rerank" with the model's own score, which depends on nothing but query and passage (title and heading included),
  // and where the model is calibrated its relevance; Hit::score is what the order follows. A passage longer than the
  // model reads is scored in windows, of which the best counts and is named in Hit::best_window. Fails with bad_input
  // if a hit carries no text, or if options.min_relevance asks for what the model cannot say.
  virtual Result<Reranked> rerank(std::string_view query, std::span<const Hit> hits,
                                  const RerankOptions& options) const = 0;

  // Readings of passages as passage_for_embedding() makes them, in order; one that has to be cut into windows gives an
  // empty reading. Fails with cancelled.
  virtual Result<std::vector<PassageReading>> read_passages(std::span<const std::string_view> passages,
                                                            std::stop_token stop = {}) const = 0;
  // Names what read_passages gives, which other rerankers above the same embedder may share; numbers of a token.
  [[nodiscard]] virtual const std::string& readings_name() const = 0;
  [[nodiscard]] virtual std::size_t width() const = 0;

  [[nodiscard]] virtual const std::string& identity() const = 0;
  // Whether hits get a relevance.
  [[nodiscard]] virtual bool calibrated() const = 0;
};

// Opens the joint layers in `directory`/model.safetensors, which stand above `embedder`'s (attune/model/joint.hpp); it
// must outlive the reranker, and may be null where none is loaded. Fails with unavailable when there is no file:
// callers keep the order of retrieval and say so in a note; with unsupported when the file is another model or belongs
// to another embedder, with corrupt naming the tensor.
Result<std::unique_ptr<Reranker>> open_reranker(const std::filesystem::path& directory, const Embedder* embedder);

}  // namespace attune
