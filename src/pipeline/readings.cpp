// Readings: what the reranker's lower layers say of passages, kept so that a question need not read them again.
#include "pipeline/readings.hpp"

#include <algorithm>
#include <utility>

#include "attune/pipeline.hpp"

namespace attune {
namespace {

constexpr const char* kSetting = "keep_readings";
constexpr std::size_t kBatch = 32;

}  // namespace

Result<bool> keeps_readings(const Workspace& workspace) {
  const auto value = workspace.store().setting(kSetting);
  if (!value) return value.error();
  return !value->has_value() || **value == "on";
}

Result<bool> room_for_readings(const Workspace& workspace) {
  if (workspace.reranker() == nullptr) return false;
  const auto keeps = keeps_readings(workspace);
  if (!keeps || !*keeps) return keeps;
  const auto size = workspace.store().states_size(workspace.reranker()->readings_name());
  if (!size) return size.error();
  return size->bytes < kMostReadingBytes;
}

Result<ReadChunks> keep_readings_of(Workspace& workspace, const std::vector<PendingChunk>& chunks,
                                    std::stop_token stop) {
  const Reranker& reranker = *workspace.reranker();
  std::vector<std::string> passages;
  for (const PendingChunk& chunk : chunks) {
    passages.push_back(passage_for_embedding(chunk.title, chunk.heading, chunk.text));
  }
  const std::vector<std::string_view> views(passages.begin(), passages.end());
  auto readings = reranker.read_passages(views, std::move(stop));
  if (!readings) return readings.error();
  ReadChunks read;
  std::vector<StoredStates> states;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    PassageReading& reading = (*readings)[i];
    if (reading.scales.empty()) {
      read.too_long.push_back(chunks[i]);
      continue;
    }
    read.ids.push_back(chunks[i].chunk_id);
    read.vectors.insert(read.vectors.end(), reading.vector.begin(), reading.vector.end());
    states.push_back({chunks[i].chunk_id, std::move(reading.scales), std::move(reading.values)});
  }
  const Status put = workspace.store().put_states(reranker.readings_name(), states, reranker.width());
  if (!put) return put.error();
  return read;
}

Status keep_readings(Workspace& workspace, bool keep) {
  if (const Status set = workspace.store().set_setting(kSetting, keep ? "on" : "off"); !set) return set;
  if (keep) return {};
  const auto removed = workspace.store().remove_states();
  return removed ? Status() : Status(removed.error());
}

Result<PassageReadings> readings_of(const Workspace& workspace, std::span<const Hit> hits) {
  PassageReadings readings;
  const Reranker* const reranker = workspace.reranker();
  if (reranker == nullptr || hits.empty()) return readings;
  const auto keeps = keeps_readings(workspace);
  if (!keeps) return keeps.error();
  if (!*keeps) return readings;
  std::vector<std::int64_t> ids;
  for (const Hit& hit : hits) ids.push_back(hit.chunk_id);
  auto states = workspace.store().states_of(reranker->readings_name(), ids);
  if (!states) return states.error();
  for (StoredStates& one : *states) {
    readings[one.chunk_id] = {std::move(one.scales), std::move(one.values), {}};
  }
  std::ranges::sort(ids);
  const auto add = [&](std::int64_t id, std::span<const float> vector) {
    const auto found = readings.find(id);
    if (found != readings.end()) found->second.vector.assign(vector.begin(), vector.end());
  };
  const Status found = workspace.store().for_vectors_of(workspace.embedder()->identity(), ids, add);
  if (!found) return found.error();
  std::erase_if(readings, [](const auto& entry) { return entry.second.vector.empty(); });
  return readings;
}

Result<std::uint64_t> read_pending(Workspace& workspace, const IngestProgressSink& progress, std::stop_token stop) {
  if (workspace.reranker() == nullptr) return std::uint64_t{0};
  const std::string& model = workspace.reranker()->readings_name();
  const auto counts = workspace.store().counts("");
  if (!counts) return counts.error();
  const auto size = workspace.store().states_size(model);
  if (!size) return size.error();
  const auto total = static_cast<std::uint64_t>(counts->chunks - size->chunks);
  std::uint64_t done = 0;
  std::uint64_t seen = 0;
  std::int64_t after = 0;
  while (!stop.stop_requested()) {
    const auto room = room_for_readings(workspace);
    if (!room) return room.error();
    if (!*room) break;
    const auto batch = workspace.store().chunks_without_states(model, after, kBatch);
    if (!batch) return batch.error();
    if (batch->empty()) break;
    if (progress) progress({IngestProgress::Phase::reading_ahead, seen, std::max(total, seen + batch->size()), {}});
    const auto read = keep_readings_of(workspace, *batch, stop);
    if (!read) {
      if (read.error().kind == ErrorKind::cancelled) break;
      return read.error().while_doing("reading passages ahead");
    }
    done += read->ids.size();
    seen += batch->size();
    after = batch->back().chunk_id;
  }
  return done;
}

}  // namespace attune
