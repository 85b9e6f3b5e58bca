// /v1/status, /healthz, /readyz: is it alive, what does it hold, how far are the vectors?
#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

#include "server/request_body.hpp"
#include "server/routes.hpp"

namespace attune::server {
namespace {

using nlohmann::json;

json index_to_json(const Workspace& workspace) {
  if (workspace.vectors() == nullptr) {
    return {{"kind", "none"}, {"vectors", 0}, {"rebuild_wanted", false}, {"reason", "no embedder is loaded"}};
  }
  const auto state = workspace.vectors()->state();
  return {{"kind", state.kind == VectorIndexKind::hnsw ? "hnsw" : "exact"},
          {"vectors", state.vectors},
          {"tombstones", state.tombstones},
          {"rebuild_wanted", state.rebuild_wanted},
          {"reason", state.reason}};
}

json background_to_json(const Background& background) {
  json value = {{"state", background.state}, {"done", background.done}, {"total", background.total}};
  if (background.per_second > 0) {
    value["per_second"] = background.per_second;
    if (background.total >= background.done) {
      value["seconds_left"] = static_cast<double>(background.total - background.done) / background.per_second;
    }
  }
  if (!background.trouble.empty()) value["trouble"] = background.trouble;
  return value;
}

Response status(const Services& services) {
  const Workspace& workspace = services.workspace;
  const auto counts = current_counts(workspace);
  if (!counts) return error_response(counts.error(), "counting");
  const auto languages = workspace.store().languages();
  if (!languages) return error_response(languages.error(), "counting");
  json roots = json::array();
  for (const auto& root : services.roots) roots.push_back(to_utf8(root));
  return json_response({{"version", ATTUNE_VERSION},
                        {"collections", counts->collections},
                        {"documents", counts->documents},
                        {"chunks", counts->chunks},
                        {"vectors", counts->vectors},
                        {"pending", counts->pending},
                        {"generation", counts->generation},
                        {"embedder", workspace.embedder() != nullptr ? json(workspace.embedder()->identity()) : json()},
                        {"reranker", workspace.reranker() != nullptr ? json(workspace.reranker()->identity()) : json()},
                        {"index", index_to_json(workspace)},
                        {"background", background_to_json(services.indexer.background())},
                        {"languages", *languages},
                        {"formats", readable_formats()},
                        {"roots", std::move(roots)},
                        {"notes", workspace.notes()}});
}

Response ready(const Services& services) {
  const auto counts = current_counts(services.workspace);
  if (!counts) {
    auto response = error_response(503, "unavailable", "the database does not answer");
    response.headers.emplace_back("Retry-After", "5");
    return response;
  }
  return json_response({{"status", "ready"},
                        {"chunks", counts->chunks},
                        {"pending", counts->pending},
                        {"index", index_to_json(services.workspace)}});
}

}  // namespace

Result<StoreCounts> current_counts(const Workspace& workspace) {
  return workspace.store().counts(workspace.embedder() != nullptr ? workspace.embedder()->identity() : "");
}

void add_status_routes(Router& router, const Services& services) {
  router.add({.method = "GET",
              .pattern = "/v1/status",
              .summary = "Counts, models, and how far the vectors are.",
              .handler = [&services](const Request&) { return status(services); },
              .response_schema = "status.schema.json"});
  router.add({.method = "GET",
              .pattern = "/healthz",
              .summary = "200 while the program runs.",
              .handler =
                  [](const Request&) {
                    return json_response({{"status", "alive"}});
                  },
              .quick = true,
              .response_schema = "health.schema.json"});
  router.add({.method = "GET",
              .pattern = "/readyz",
              .summary = "200 when questions can be answered; says what is not complete.",
              .handler = [&services](const Request&) { return ready(services); },
              .response_schema = "ready.schema.json"});
}

}  // namespace attune::server
