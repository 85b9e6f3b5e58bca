// Rerank: reorders retrieved passages by reading each one next to the query.
//
// Comes after retrieve, before the answer is built. Costs one pass of the layers per passage, so callers hand over the
// top few dozen, never a whole index. Thread-safe: rerank() keeps no state between calls.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/data/hit.hpp"
#include "attune/embed.hpp"

namespace attune {

struct RerankOptions {
  std::size_t keep = 10;  // hits returned at most
  // Share of the first stage's score in the order, from 0 (the model alone) to 1; both sides are first brought to 0 … 1
  // over the hits. Two judges that err differently are better than either.
  double first_stage = 0.5;
  // Hits that are not scored by then keep the first stage's order behind the scored ones.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

class Reranker {
 public:
  virtual ~Reranker() = default;

  // Returns at most options.keep of `hits`, best first; ties keep ascending chunk id. `hits` may be empty. Each scored
  // hit gets a part "rerank" with the model's own score, which depends on nothing but query and passage; Hit::score is
  // what the order follows. A passage longer than the model reads is scored in windows, of which the best counts and is
  // named in Hit::best_window. Fails with bad_input if a hit carries no text, with cancelled if `options.deadline`
  // passed before the first score.
  virtual Result<std::vector<Hit>> rerank(std::string_view query, std::span<const Hit> hits,
                                          const RerankOptions& options) const = 0;

  [[nodiscard]] virtual const std::string& identity() const = 0;
};

// Opens the joint layers in `directory`/model.safetensors, which stand above `embedder`'s (attune/model/joint.hpp); it
// must outlive the reranker, and may be null where none is loaded. Fails with unavailable when there is no file:
// callers keep the order of retrieval and say so in a note; with unsupported when the file is another model or belongs
// to another embedder, with corrupt naming the tensor.
Result<std::unique_ptr<Reranker>> open_reranker(const std::filesystem::path& directory, const Embedder* embedder);

}  // namespace attune
