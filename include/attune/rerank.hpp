// Rerank: reorders retrieved passages by reading each one next to the query.
//
// Comes after retrieve, before the answer is built. Costs one pass of the cross-encoder per passage, so callers hand
// over the top few dozen, never a whole index. Thread-safe: rerank() keeps no state between calls.
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

namespace attune {

struct RerankOptions {
  std::size_t keep = 10;  // hits returned at most
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
};

class Reranker {
 public:
  virtual ~Reranker() = default;

  // Returns at most options.keep of `hits`, best first; ties keep ascending chunk id. `hits` may be empty.
  // Fails with bad_input if a hit carries no text, with cancelled if `options.deadline` passed before the first score.
  virtual Result<std::vector<Hit>> rerank(std::string_view query, std::span<const Hit> hits,
                                          const RerankOptions& options) const = 0;

  [[nodiscard]] virtual const std::string& identity() const = 0;
};

// Opens the cross-encoder in `directory`. Fails with unavailable when there is none: callers keep the order of
// retrieval and say so in a note.
Result<std::unique_ptr<Reranker>> open_reranker(const std::filesystem::path& directory);

}  // namespace attune
