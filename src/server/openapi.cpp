#include "server/openapi.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "server/assets.hpp"

namespace attune::server {
namespace {

using nlohmann::json;

// "search.request.schema.json" → "search.request"
std::string component_name(std::string_view file) {
  return std::string(file.substr(0, file.find(".schema.json")));
}

json content_of(std::string_view schema) {
  return {{"application/json", {{"schema", {{"$ref", "#/components/schemas/" + component_name(schema)}}}}}};
}

json parameters_of(const Route& route) {
  json parameters = json::array();
  if (route.pattern.find("{id}") != std::string::npos) {
    parameters.push_back(
        {{"name", "id"}, {"in", "path"}, {"required", true}, {"schema", {{"type", "integer"}, {"minimum", 1}}}});
  }
  for (const auto& name : route.query_parameters) {
    const bool whole =
        name == "top_k" || name == "offset" || name == "limit" || name == "budget_ms" || name == "rerank_depth";
    const bool flag = name == "explain" || name == "rerank";
    parameters.push_back({{"name", name},
                          {"in", "query"},
                          {"required", name == "q"},
                          {"schema",
                           {{"type", whole                 ? "integer"
                                     : name == "min_score" ? "number"
                                     : flag                ? "boolean"
                                                           : "string"}}}});
  }
  return parameters;
}

json operation_of(const Route& route) {
  json success = {{"description", "As asked."}};
  if (!route.response_schema.empty()) success["content"] = content_of(route.response_schema);
  json operation = {
      {"summary", route.summary},
      {"responses",
       {{std::to_string(route.success), std::move(success)},
        {"default", {{"description", "What went wrong."}, {"content", content_of("error.schema.json")}}}}}};
  if (auto parameters = parameters_of(route); !parameters.empty()) operation["parameters"] = std::move(parameters);
  if (!route.request_schema.empty()) {
    operation["requestBody"] = {{"required", true}, {"content", content_of(route.request_schema)}};
  }
  return operation;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return static_cast<char>(c - 'A' + 'a'); });
  return text;
}

}  // namespace

std::string openapi_document(const std::vector<Route>& routes) {
  json paths = json::object();
  for (const auto& route : routes) paths[route.pattern][lower(route.method)] = operation_of(route);
  json schemas = json::object();
  for (const auto& asset : assets()) {
    if (!asset.path.starts_with("schemas/")) continue;
    const auto name = asset.path.substr(8);
    schemas[component_name(name)] = schema_named(name);
  }
  const json document = {
      {"openapi", "3.1.0"},
      {"info", {{"title", "Attune"}, {"version", ATTUNE_VERSION}, {"description", "Search your own documents."}}},
      {"paths", std::move(paths)},
      {"components",
       {{"schemas", std::move(schemas)}, {"securitySchemes", {{"key", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
  return document.dump();
}

}  // namespace attune::server
