// /v1/search: a question in, cited passages out. /v1/rewrite: its other ways of being asked.
// /v1/conversations: what was said before.
#include <nlohmann/json.hpp>

#include "server/request_body.hpp"
#include "server/routes.hpp"
#include "server/time_limit.hpp"

namespace attune::server {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr const char* kSchema = "search.request.schema.json";

// Turns are strings, or {"role", "content"} as chat clients send them.
std::vector<std::string> history_from(const json& body) {
  std::vector<std::string> history;
  for (const json& turn : body.value("history", json::array())) {
    history.push_back(turn.is_string() ? turn.get<std::string>() : turn.at("content").get<std::string>());
  }
  return history;
}

RewriteMode rewrite_mode_from(const json& body) {
  const std::string mode = body.value("rewrite", "auto");
  if (mode == "off") return RewriteMode::off;
  return mode == "force" ? RewriteMode::force : RewriteMode::automatic;
}

AskRequest ask_request_from(const json& body) {
  AskRequest request;
  request.query.text = body.at("query").get<std::string>();
  request.query.top_k = body.contains("top_k") ? static_cast<std::size_t>(body["top_k"].get<double>()) : 10;
  request.query.filters = filters_from(body);
  request.history = history_from(body);
  request.conversation = body.value("conversation_id", "");
  request.rewrite = rewrite_mode_from(body);
  request.feedback = body.value("feedback", false);
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
  if (body.value("graph", "auto") == "on") {
    answer.notes.emplace_back("no graph is built: only words and vectors were searched");
  }
}

// In which other ways a question would be asked; nothing is searched.
Response rewrite(const Services& services, const json& body) {
  const auto rewriting = rewrite_question(services.workspace, ask_request_from(body));
  if (!rewriting) return error_response(rewriting.error(), "rewriting");
  Response response;
  response.body = rewriting_to_json(*rewriting);
  return response;
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

Response show_conversation(const Services& services, const Request& request) {
  const std::string& id = request.parameters.at("id");
  const auto turns = conversation_turns(services.workspace, id);
  if (!turns) return error_response(turns.error(), "reading a conversation");
  if (turns->empty()) return error_response(404, "not_found", "no conversation is kept under this id");
  return json_response({{"id", id}, {"turns", *turns}});
}

Response remove_conversation(const Services& services, const Request& request) {
  const auto removed = services.workspace.store().remove_conversation(request.parameters.at("id"));
  if (!removed) return error_response(removed.error(), "removing a conversation");
  if (!*removed) return error_response(404, "not_found", "no conversation is kept under this id");
  return json_response({{"removed", true}});
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
  router.add(
      {.method = "GET",
       .pattern = "/v1/search",
       .summary = "The same, asked by address. Filters may be given several times.",
       .handler =
           [&services](const Request& request) {
             const json body = body_from_query(request);
             if (auto fault = body_fault(kSchema, body)) return *fault;
             return search(services, body, request.stop);
           },
       .response_schema = "search.response.schema.json",
       .query_parameters = {"q", "top_k", "rewrite", "feedback", "conversation_id", "explain", "rerank", "rerank_depth",
                            "min_score", "budget_ms", "collection", "path", "language", "format"}});
  router.add({.method = "POST",
              .pattern = "/v1/rewrite",
              .summary = "In which other ways a question would be searched, and where their words come from.",
              .handler = [&services](const Request& request) { return rewrite(services, json::parse(request.body)); },
              .request_schema = "rewrite.request.schema.json",
              .response_schema = "rewrite.response.schema.json"});
  router.add({.method = "GET",
              .pattern = "/v1/conversations/{id}",
              .summary = "What is kept of a conversation, oldest first. It goes a day after its last question.",
              .handler = [&services](const Request& request) { return show_conversation(services, request); },
              .response_schema = "conversation.schema.json"});
  router.add({.method = "DELETE",
              .pattern = "/v1/conversations/{id}",
              .summary = "Forgets a conversation.",
              .handler = [&services](const Request& request) { return remove_conversation(services, request); },
              .response_schema = "removed.schema.json"});
}

}  // namespace attune::server
