// What indexing shares with reading ahead. Private to the room.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "attune/pipeline.hpp"

namespace attune {

// Whether readings are kept and there is room for more. False without a reranker.
Result<bool> room_for_readings(const Workspace& workspace);

// What reading some passages once with the embedder's layers gave.
struct ReadChunks {
  std::vector<PendingChunk> too_long;  // for one window: these were not read
  std::vector<std::int64_t> ids;       // of the others, whose readings are stored now
  std::vector<float> vectors;          // [ids, dimension], which are not stored yet
};
// Fails as Embedder::read and the store do.
Result<ReadChunks> keep_readings_of(Workspace& workspace, const std::vector<PendingChunk>& chunks,
                                    std::stop_token stop);

}  // namespace attune
