// Gives vectors to the chunks that have none: one transaction for each small batch, so that a stop loses little.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attune/pipeline.hpp"

#include "pipeline/readings.hpp"

namespace attune {
namespace {

// Large enough to keep all threads busy with sequences of like length, small enough to be lost without regret.
constexpr std::size_t kBatch = 64;
// How often searches get to see the new vectors while the work goes on.
constexpr auto kRefreshEvery = std::chrono::seconds(5);

// With `keep` what the reranker's lower layers say is kept as well: one reading gives both.
Status embed_batch(Workspace& workspace, const std::vector<PendingChunk>& batch, bool keep, std::stop_token stop) {
  const Embedder& embedder = *workspace.embedder();
  ReadChunks read;
  if (keep) {
    auto kept = keep_readings_of(workspace, batch, stop);
    if (!kept) return kept.error();
    read = *std::move(kept);
  }
  const std::vector<PendingChunk>& rest = keep ? read.too_long : batch;
  std::vector<std::string> passages;
  for (const PendingChunk& chunk : rest) {
    passages.push_back(passage_for_embedding(chunk.title, chunk.heading, chunk.text));
    read.ids.push_back(chunk.chunk_id);
  }
  const std::vector<std::string_view> views(passages.begin(), passages.end());
  const auto embeddings = embedder.embed(views, EmbedRole::passage, std::move(stop));
  if (!embeddings) return embeddings.error();
  read.vectors.insert(read.vectors.end(), embeddings->values.begin(), embeddings->values.end());
  return workspace.store().put_vectors(embedder.identity(), read.ids, read.vectors, embedder.dimension());
}

Status update_index(Workspace& workspace, const IngestProgressSink& progress, std::uint64_t total,
                    std::stop_token stop) {
  VectorIndex& vectors = *workspace.vectors();
  if (const Status refreshed = vectors.refresh(); !refreshed) return refreshed.error();
  if (!vectors.state().rebuild_wanted || stop.stop_requested()) return {};
  if (progress) progress({IngestProgress::Phase::indexing, 0, total, {}});
  const Status rebuilt = vectors.rebuild(std::move(stop));
  if (!rebuilt && rebuilt.error().kind != ErrorKind::cancelled) return rebuilt.error();
  return {};
}

}  // namespace

Result<std::uint64_t> embed_pending(Workspace& workspace, const IngestProgressSink& progress, std::stop_token stop) {
  if (workspace.embedder() == nullptr) return std::uint64_t{0};
  const std::string& model = workspace.embedder()->identity();
  const auto counts = workspace.store().counts(model);
  if (!counts) return counts.error();
  std::uint64_t total = static_cast<std::uint64_t>(counts->pending);
  std::uint64_t done = 0;
  std::int64_t after = 0;
  auto refreshed = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    const auto batch = workspace.store().pending_chunks(model, after, kBatch);
    if (!batch) return batch.error();
    if (batch->empty()) break;
    if (progress) progress({IngestProgress::Phase::embedding, done, std::max(total, done + batch->size()), {}});
    const auto keep = room_for_readings(workspace);
    if (!keep) return keep.error();
    const Status embedded = embed_batch(workspace, *batch, *keep, stop);
    if (!embedded) {
      if (embedded.error().kind == ErrorKind::cancelled) break;
      return embedded.error().while_doing("embedding");
    }
    done += batch->size();
    after = batch->back().chunk_id;
    if (std::chrono::steady_clock::now() - refreshed > kRefreshEvery) {
      if (const Status seen = workspace.vectors()->refresh(); !seen) return seen.error();
      refreshed = std::chrono::steady_clock::now();
    }
  }
  if (progress && done > 0) progress({IngestProgress::Phase::embedding, done, std::max(total, done), {}});
  if (const Status updated = update_index(workspace, progress, done, stop); !updated) {
    return updated.error().while_doing("updating the vector index");
  }
  if (const auto read = read_pending(workspace, progress, std::move(stop)); !read) return read.error();
  return done;
}

}  // namespace attune
