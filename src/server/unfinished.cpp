#include "server/unfinished.hpp"

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

#include "server/indexer.hpp"

namespace attune::server {
namespace {

using nlohmann::json;

std::string_view phase_name(IngestProgress::Phase phase) {
  switch (phase) {
    case IngestProgress::Phase::scanning:
      return "scanning";
    case IngestProgress::Phase::reading:
      return "reading";
    case IngestProgress::Phase::embedding:
    case IngestProgress::Phase::reading_ahead:
      return "embedding";
    case IngestProgress::Phase::indexing:
      return "indexing";
  }
  return "scanning";
}

double seconds_since_1970(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace

std::string unfinished_to_json(const std::vector<IngestRequest>& requests) {
  json list = json::array();
  for (const auto& request : requests) {
    list.push_back({{"folder", to_utf8(request.folder)},
                    {"collection", request.collection},
                    {"include", request.scan.include},
                    {"exclude", request.scan.exclude},
                    {"prune", request.prune}});
  }
  return list.empty() ? "" : list.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::vector<IngestRequest> unfinished_from_json(std::string_view text) {
  std::vector<IngestRequest> requests;
  const auto list = json::parse(text, nullptr, false);
  if (!list.is_array()) return requests;
  for (const auto& entry : list) {
    try {
      IngestRequest request;
      request.folder = entry.at("folder").get<std::string>();
      request.collection = entry.at("collection").get<std::string>();
      request.scan.include = entry.at("include").get<std::vector<std::string>>();
      request.scan.exclude = entry.at("exclude").get<std::vector<std::string>>();
      request.prune = entry.at("prune").get<bool>();
      request.words_only = true;
      requests.push_back(std::move(request));
    } catch (const json::exception&) {
      continue;
    }
  }
  return requests;
}

std::string_view job_state_name(JobState state) {
  switch (state) {
    case JobState::queued:
      return "queued";
    case JobState::running:
      return "running";
    case JobState::done:
      return "done";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      return "cancelled";
  }
  return "failed";
}

json job_to_json(const Job& job) {
  json value = {{"id", job.id},
                {"state", job_state_name(job.state)},
                {"folder", to_utf8(job.request.folder)},
                {"collection", job.report ? job.report->collection : job.request.collection},
                {"phase", phase_name(job.words_ready ? IngestProgress::Phase::embedding : job.progress.phase)},
                {"done", job.progress.done},
                {"total", job.progress.total},
                {"current", job.progress.current},
                {"words_ready", job.words_ready},
                {"created", seconds_since_1970(job.created)}};
  if (job.finished) value["finished"] = seconds_since_1970(*job.finished);
  if (job.report) value["report"] = json::parse(report_to_json(*job.report), nullptr, false);
  if (job.error) value["error"] = {{"kind", error_kind_name(job.error->kind)}, {"message", job.error->text}};
  return value;
}

}  // namespace attune::server
