// The legs of retrieval: each asks one index and gives one ranked list.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/retrieve.hpp"

namespace attune {

struct LegsAnswer {
  std::vector<LegResult> lists;
  std::vector<std::string> notes;
  std::map<std::string, double> timings_ms;
};

// Runs the legs that `options` asks for side by side, those of query.variants too, over `allowed` chunks (nullptr:
// all). Fails when no leg could run: with the failure of the first, with unavailable, or with cancelled.
Result<LegsAnswer> run_legs(const RetrieveSources& sources, const Query& query, const RetrieveOptions& options,
                            const ChunkSet* allowed, std::stop_token stop);

}  // namespace attune
