#include "server/router.hpp"

#include <doctest/doctest.h>

namespace attune::server {
namespace {

Router sample() {
  Router router;
  const auto nothing = [](const Request&) { return Response{}; };
  router.add({.method = "GET", .pattern = "/", .summary = "", .handler = nothing});
  router.add({.method = "GET", .pattern = "/v1/jobs/{id}", .summary = "", .handler = nothing});
  router.add({.method = "DELETE", .pattern = "/v1/jobs/{id}", .summary = "", .handler = nothing});
  return router;
}

std::string found(const std::string& method, const std::string& path) {
  const Router router = sample();
  Request request;
  request.method = method;
  request.path = path;
  const auto match = router.match(request);
  if (match.route != nullptr) return match.route->method + " " + match.route->pattern + " " + request.parameters["id"];
  std::string allowed;
  for (const auto& one : match.allowed) allowed += one + " ";
  return "none " + allowed;
}

}  // namespace

TEST_CASE("router: a path finds its route, and a wrong method hears which ones there are") {
  CHECK(found("GET", "/") == "GET / ");
  CHECK(found("HEAD", "/v1/jobs/7") == "GET /v1/jobs/{id} 7");
  CHECK(found("DELETE", "/v1/jobs/7") == "DELETE /v1/jobs/{id} 7");
  CHECK(found("PUT", "/v1/jobs/7") == "none GET HEAD DELETE ");
  CHECK(found("GET", "/v1/jobs/") == "none ");
  CHECK(found("GET", "/v1/jobs/7/8") == "none ");
  CHECK(found("GET", "/v1/jobs/7/") == "none ");
  CHECK(found("GET", "//") == "none ");
}

TEST_CASE("target: percent escapes and '+' are decoded, and what is no UTF-8 is refused") {
  Request request;
  REQUIRE(parse_target("/v1/search?q=%E6%B3%A8+a%2Bb&&top_k=3&flag", request));
  CHECK(request.path == "/v1/search");
  CHECK(request.query_value("q") == "注 a+b");
  CHECK(request.query_value("top_k") == "3");
  CHECK(request.query_value("flag") == "");
  CHECK_FALSE(request.query_value("absent"));
  for (const char* bad : {"", "search", "/%", "/%4", "/%zz", "/?q=%ff", "/a%00b", "*"}) {
    Request other;
    CHECK_MESSAGE(!parse_target(bad, other), bad);
  }
}

}  // namespace attune::server
