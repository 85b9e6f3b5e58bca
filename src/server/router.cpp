#include "server/router.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace attune::server {
namespace {

std::string_view next_part(std::string_view& path) {
  const auto end = path.find('/');
  const auto part = path.substr(0, end);
  path = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
  return part;
}

std::optional<std::map<std::string, std::string>> match_pattern(std::string_view pattern, std::string_view path) {
  std::map<std::string, std::string> parameters;
  if (std::count(pattern.begin(), pattern.end(), '/') != std::count(path.begin(), path.end(), '/')) return std::nullopt;
  while (!pattern.empty()) {
    const auto wanted = next_part(pattern);
    const auto given = next_part(path);
    if (wanted.size() > 2 && wanted.front() == '{') {
      if (given.empty()) return std::nullopt;
      parameters.emplace(wanted.substr(1, wanted.size() - 2), given);
    } else if (wanted != given) {
      return std::nullopt;
    }
  }
  if (!path.empty()) return std::nullopt;
  return parameters;
}

}  // namespace

Router::Match Router::match(Request& request) const {
  Match result;
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  for (const auto& route : routes_) {
    auto parameters = match_pattern(route.pattern, request.path);
    if (!parameters) continue;
    if (route.method == method) {
      request.parameters = *std::move(parameters);
      result.route = &route;
      return result;
    }
    result.allowed.push_back(route.method);
    if (route.method == "GET") result.allowed.emplace_back("HEAD");
  }
  return result;
}

bool is_api_path(std::string_view path) {
  return path == "/v1" || path.starts_with("/v1/");
}

}  // namespace attune::server
