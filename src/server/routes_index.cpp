// /v1/index and /v1/jobs: bringing folders up to date.
#include <charconv>

#include <nlohmann/json.hpp>

#include "server/request_body.hpp"
#include "server/roots.hpp"
#include "server/routes.hpp"

namespace attune::server {
namespace {

using nlohmann::json;

Response job_answer(const Result<Job>& job, unsigned status = 200) {
  if (!job) return error_response(job.error(), "looking at the job");
  return json_response({{"job", job_to_json(*job)}}, status);
}

Response begin_index(const Services& services, const Request& request) {
  const json body = json::parse(request.body);
  const auto folder = permitted_folder(services.roots, body.at("folder").get<std::string>());
  if (!folder) {
    return error_response(403, "bad_input",
                          services.roots.empty()
                              ? "no folder may be indexed over HTTP: name some when the server is started"
                              : "only folders that were named when the server was started may be indexed, by absolute "
                                "path",
                          "/folder");
  }
  IngestRequest ingest;
  ingest.folder = *folder;
  ingest.collection = body.value("collection", "");
  ingest.scan.include = body.value("include", std::vector<std::string>());
  ingest.scan.exclude = body.value("exclude", std::vector<std::string>());
  ingest.prune = body.value("prune", false);
  const auto job = services.indexer.submit(ingest);
  if (!job && job.error().kind == ErrorKind::unavailable) {
    auto response = error_response(429, "unavailable", job.error().text);
    response.headers.emplace_back("Retry-After", "10");
    return response;
  }
  auto response = job_answer(job, 202);
  if (job) response.headers.emplace_back("Location", "/v1/jobs/" + std::to_string(job->id));
  return response;
}

std::optional<std::int64_t> id_of(const Request& request) {
  const std::string& text = request.parameters.at("id");
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

// The job again and again while it changes: "progress" events, then one "done".
EventStream job_events(Indexer& indexer, std::int64_t id) {
  EventStream stream;
  stream.next = [&indexer, id, seen = std::optional<std::uint64_t>()]() mutable {
    EventStream::Step step;
    const auto job = indexer.job(id);
    step.finished = !job || job->is_over();
    if (job && (step.finished || !seen || *seen != job->revision)) {
      seen = job->revision;
      step.events.push_back({step.finished ? "done" : "progress", dump({{"job", job_to_json(*job)}})});
    }
    return step;
  };
  return stream;
}

Response show_job(const Services& services, const Request& request) {
  const auto id = id_of(request);
  if (!id) return error_response(404, "not_found", "a job's id is a number");
  const auto job = services.indexer.job(*id);
  if (!job || request.accept.find("text/event-stream") == std::string::npos) return job_answer(job);
  Response response;
  response.content_type = "text/event-stream; charset=utf-8";
  response.events = job_events(services.indexer, *id);
  return response;
}

Response cancel_job(const Services& services, const Request& request) {
  const auto id = id_of(request);
  if (!id) return error_response(404, "not_found", "a job's id is a number");
  return job_answer(services.indexer.cancel(*id));
}

Response list_jobs(const Services& services) {
  json jobs = json::array();
  for (const auto& job : services.indexer.jobs()) jobs.push_back(job_to_json(job));
  return json_response({{"jobs", std::move(jobs)}});
}

}  // namespace

void add_index_routes(Router& router, const Services& services) {
  router.add({.method = "POST",
              .pattern = "/v1/index",
              .summary = "Brings a folder's collection up to date: words first, then vectors.",
              .handler = [&services](const Request& request) { return begin_index(services, request); },
              .request_schema = "index.request.schema.json",
              .response_schema = "job.schema.json",
              .success = 202});
  router.add({.method = "GET",
              .pattern = "/v1/jobs",
              .summary = "Lists indexing jobs, newest first.",
              .handler = [&services](const Request&) { return list_jobs(services); },
              .response_schema = "jobs.response.schema.json"});
  router.add({.method = "GET",
              .pattern = "/v1/jobs/{id}",
              .summary = "One job; with Accept: text/event-stream its progress as server-sent events until it is over.",
              .handler = [&services](const Request& request) { return show_job(services, request); },
              .response_schema = "job.schema.json"});
  router.add({.method = "DELETE",
              .pattern = "/v1/jobs/{id}",
              .summary = "Cancels a job. What it stored stays.",
              .handler = [&services](const Request& request) { return cancel_job(services, request); },
              .response_schema = "job.schema.json"});
}

}  // namespace attune::server
