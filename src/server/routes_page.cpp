// / and its files, and /openapi.json: all of it in memory since the start.
#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

#include "server/assets.hpp"
#include "server/openapi.hpp"
#include "server/request_body.hpp"
#include "server/routes.hpp"
#include "server/schema.hpp"

namespace attune::server {
namespace {

std::string content_type_of(std::string_view path) {
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  return "application/json; charset=utf-8";
}

// If-None-Match is a list of tags, or '*'; a proxy may have made ours weak.
bool names_tag(std::string_view if_none_match, std::string_view tag) {
  return if_none_match == "*" || if_none_match.find(tag) != std::string_view::npos;
}

void add_fixed(Router& router, const std::string& at, std::string type, std::string content, std::string summary) {
  const std::string tag = '"' + sha256_hex(content).substr(0, 32) + '"';
  Response full;
  full.content_type = std::move(type);
  full.body = std::move(content);
  full.headers = {{"ETag", tag}, {"Cache-Control", "no-cache"}};
  Response unchanged;
  unchanged.status = 304;
  unchanged.content_type = "";
  unchanged.headers = full.headers;
  router.add(
      {.method = "GET",
       .pattern = at,
       .summary = std::move(summary),
       .handler = [full, unchanged,
                   tag](const Request& request) { return names_tag(request.if_none_match, tag) ? unchanged : full; },
       .quick = true});
}

}  // namespace

const nlohmann::json& schema_named(std::string_view name) {
  static const auto schemas = [] {
    std::map<std::string, nlohmann::json, std::less<>> parsed;
    for (const auto& asset : assets()) {
      if (!asset.path.starts_with("schemas/")) continue;
      parsed[std::string(asset.path.substr(8))] = nlohmann::json::parse(asset.content, nullptr, false);
    }
    return parsed;
  }();
  static const nlohmann::json none;
  const auto found = schemas.find(name);
  return found == schemas.end() ? none : found->second;
}

void add_page_routes(Router& router) {
  add_fixed(router, "/openapi.json", content_type_of(".json"), openapi_document(router.routes()), "This description.");
  for (const auto& asset : assets()) {
    if (!asset.path.starts_with("web/")) continue;
    const std::string name(asset.path.substr(4));
    const std::string at = name == "index.html" ? "/" : "/" + name;
    add_fixed(router, at, content_type_of(asset.path), std::string(asset.content), "The page.");
  }
}

}  // namespace attune::server
