// /v1/search: a question in, cited passages out.
#include <nlohmann/json.hpp>

#include "server/request_body.hpp"
#include "server/routes.hpp"
#include "server/time_limit.hpp"

namespace attune::server {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kSchema = "search.request.schema.json";

AskRequest ask_request_from(const json& body) {
  AskRequest request;
  request.query.text = body.at("query").get<std::string>();
  request.query.top_k = body.contains("top_k") ? static_cast<std::size_t>(body["top_k"].get<double>()) : 10;
  request.query.filters = filters_from(body);
  request.rerank = body.value("rerank", true);
  if (body.contains("rerank_depth")) {
    request.rerank_depth = static_cast<std::size_t>(body["rerank_depth"].get<double>());
  }
  request.min_relevance = body.value("min_score", 0.0F);
  if (body.contains("budget_ms")) {
    request.budget = milliseconds(static_cast<std::int64_t>(body["budget_ms"].get<double>()));
  }
  request.explain = body.value("explain", false);
  return request;
}

// What was asked for and does not exist yet is said, not dropped.
void note_what_is_missing(const json& body, Answer& answer) {
  const bool has_history = body.contains("history") && !body["history"].empty();
  if (has_history || body.contains("conversation_id") || body.value("rewrite", "auto") == "force") {
    answer.notes.emplace_back("no query rewriter is loaded: the question was searched as it was written");
  }
  if (body.value("graph", "auto") == "on") {
    answer.notes.emplace_back("no graph is built: only words and vectors were searched");
  }
}

Response search(const Services& services, const json& body, const std::stop_token& stop) {
  const AskRequest request = ask_request_from(body);
  const milliseconds limit = services.options.search_timeout;
  const TimeLimit time_limit(stop, limit);
  auto answer = ask(services.workspace, request, time_limit.token());
  if (!answer && time_limit.expired()) {
    return error_response(504, "timeout", "the search took longer than " + std::to_string(limit.count()) + " ms");
  }
  if (!answer) return error_response(answer.error(), "searching");
  note_what_is_missing(body, *answer);
  Response response;
  response.body = answer_to_json(*answer, request.explain);
  return response;
}

}  // namespace

void add_search_routes(Router& router, const Services& services) {
  router.add(
      {.method = "POST",
       .pattern = "/v1/search",
       .summary = "Finds the passages that answer a question, best first, each with a citation.",
       .handler =
           [&services](const Request& request) { return search(services, json::parse(request.body), request.stop); },
       .request_schema = kSchema,
       .response_schema = "search.response.schema.json"});
  router.add({.method = "GET",
              .pattern = "/v1/search",
              .summary = "The same, asked by address. Filters may be given several times.",
              .handler =
                  [&services](const Request& request) {
                    const json body = body_from_query(request);
                    if (auto fault = body_fault(kSchema, body)) return *fault;
                    return search(services, body, request.stop);
                  },
              .response_schema = "search.response.schema.json",
              .query_parameters = {"q", "top_k", "explain", "rerank", "rerank_depth", "min_score", "budget_ms",
                                   "collection", "path", "language", "format"}});
}

}  // namespace attune::server
