#include "server/request_body.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include "server/assets.hpp"
#include "server/schema.hpp"

namespace attune::server {
namespace {

using nlohmann::json;

// Names of query parameters that go into "filters", and what they are called there.
constexpr std::pair<std::string_view, const char*> kFilterNames[] = {
    {"collection", "collections"}, {"path", "paths"}, {"language", "languages"}, {"format", "formats"}};

bool is_text(std::string_view name) {
  return name == "query" || name == "rewrite" || name == "graph" || name == "conversation_id";
}

json value_from_text(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  const char* const last = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(text.data(), last, whole); read.ec == std::errc() && read.ptr == last) {
    return whole;
  }
  double number = 0;
  if (const auto read = std::from_chars(text.data(), last, number); read.ec == std::errc() && read.ptr == last) {
    return number;
  }
  return std::string(text);
}

std::vector<std::string> strings_of(const json& object, const char* name) {
  return object.value(name, std::vector<std::string>());
}

}  // namespace

std::optional<Response> body_fault(std::string_view schema_name, const json& body) {
  const auto fault = find_fault(schema_named(schema_name), body);
  if (!fault) return std::nullopt;
  const std::string subject = fault->pointer.empty() ? "the body" : fault->pointer;
  return error_response(400, "bad_input", subject + " " + fault->message, fault->pointer);
}

std::optional<Response> check_body(const Route& route, const std::string& body) {
  if (body.empty()) return error_response(400, "bad_input", "the body is empty", "");
  const auto value = parse_json(body);
  if (!value) return error_response(400, "bad_input", value.error().text, "");
  return body_fault(route.request_schema, *value);
}

json body_from_query(const Request& request) {
  json body = json::object();
  for (const auto& [name, value] : request.query) {
    bool is_filter = false;
    for (const auto& [parameter, member] : kFilterNames) {
      if (name != parameter) continue;
      is_filter = true;
      if (!value.empty()) body["filters"][member].push_back(value);
    }
    if (is_filter) continue;
    const std::string member = name == "q" ? "query" : name;
    const bool flag = member == "explain" || member == "rerank";
    if (flag && (value == "1" || value == "0")) {
      body[member] = value == "1";
    } else {
      body[member] = is_text(member) ? json(value) : value_from_text(value);
    }
  }
  return body;
}

Filters filters_from(const json& body) {
  Filters filters;
  const auto found = body.find("filters");
  if (found == body.end()) return filters;
  filters.collections = strings_of(*found, "collections");
  filters.paths = strings_of(*found, "paths");
  filters.languages = strings_of(*found, "languages");
  filters.formats = strings_of(*found, "formats");
  if (const auto metadata = found->find("metadata"); metadata != found->end()) {
    for (const auto& [key, values] : metadata->items()) filters.metadata[key] = values.get<std::vector<std::string>>();
  }
  return filters;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Response json_response(const json& value, unsigned status) {
  Response response;
  response.status = status;
  response.body = dump(value);
  return response;
}

}  // namespace attune::server
