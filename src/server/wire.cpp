#include "server/wire.hpp"

#include <algorithm>
#include <ctime>

namespace attune::server {
namespace {

namespace http = boost::beast::http;

std::string text_of(boost::beast::string_view view) {
  return {view.data(), view.size()};
}

GuardedHeaders guarded_headers(const BeastRequest& head) {
  GuardedHeaders headers;
  if (head.count(http::field::host) > 0) headers.host = text_of(head[http::field::host]);
  headers.several_hosts = head.count(http::field::host) > 1;
  // Several Origins are joined, and so equal none.
  for (const auto& field : head) {
    if (field.name() != http::field::origin) continue;
    headers.origin = headers.origin ? *headers.origin + ", " + text_of(field.value()) : text_of(field.value());
  }
  headers.fetch_site = text_of(head["Sec-Fetch-Site"]);
  headers.authorization = text_of(head[http::field::authorization]);
  return headers;
}

bool is_json(boost::beast::string_view content_type) {
  const auto type = content_type.substr(0, std::min(content_type.find(';'), content_type.size()));
  return boost::beast::iequals(type.substr(0, type.find_last_not_of(" \t") + 1), "application/json");
}

Response method_not_allowed(const Request& request, const std::vector<std::string>& allowed) {
  std::string listed;
  for (const auto& method : allowed) listed += (listed.empty() ? "" : ", ") + method;
  auto response =
      error_response(405, "bad_input", request.path + " does not take " + request.method + " but " + listed);
  response.headers.emplace_back("Allow", listed);
  return response;
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

}  // namespace

std::optional<Response> screen(const BeastRequest& head, const ConnectionContext& context, Request& request,
                               const Route*& route) {
  request.method = text_of(head.method_string());
  request.accept = text_of(head[http::field::accept]);
  request.if_none_match = text_of(head[http::field::if_none_match]);
  const std::string target = text_of(head.target());
  if (auto parsed = parse_target(target, request); !parsed)
    return error_response(parsed.error(), "reading the address");
  if (auto objection = context.guard.objection(guarded_headers(head), is_api_path(request.path))) return objection;

  const auto match = context.router.match(request);
  if (match.route == nullptr && match.allowed.empty()) {
    return error_response(404, "not_found", "there is nothing at " + request.path);
  }
  if (match.route == nullptr) return method_not_allowed(request, match.allowed);
  if (!match.route->request_schema.empty() && !is_json(head[http::field::content_type])) {
    return error_response(415, "unsupported", "the body must be JSON, with Content-Type: application/json");
  }
  route = match.route;
  return std::nullopt;
}

std::optional<Response> response_to_bad_request(boost::system::error_code error, bool timed_out) {
  if (timed_out) return error_response(408, "timeout", "the request did not arrive in time");
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return error_response(431, "too_large", "the request's headers are too long");
  }
  if (error == http::error::body_limit) return error_response(413, "too_large", "the request's body is too long");
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error.category() != http::make_error_code(http::error::bad_value).category()) return std::nullopt;
  return error_response(400, "bad_input", "the request is not valid HTTP: " + error.message());
}

BeastResponse to_message(const Response& response, const Request& request, unsigned version) {
  BeastResponse message(static_cast<http::status>(response.status), version >= 11 ? 11 : 10);
  message.set(http::field::server, "attune");
  message.set(http::field::date, http_date());
  if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
  message.set("X-Content-Type-Options", "nosniff");
  message.set("Referrer-Policy", "no-referrer");
  message.set("Cross-Origin-Resource-Policy", "same-origin");
  message.set("Content-Security-Policy",
              "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'");
  if (is_api_path(request.path)) message.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.body() = response.body;
  if (response.status != 304) message.content_length(response.body.size());
  return message;
}

std::string to_text(const std::vector<Event>& events) {
  std::string text;
  for (const auto& event : events) {
    if (!event.name.empty()) text += "event: " + event.name + "\n";
    text += "data: " + event.data + "\n\n";  // our JSON has no line ends
  }
  return text;
}

}  // namespace attune::server
