#include "server/guard.hpp"

#include <doctest/doctest.h>

namespace attune::server {
namespace {

GuardedHeaders from(const std::string& host) {
  GuardedHeaders headers;
  headers.host = host;
  return headers;
}

unsigned status(const Guard& guard, const GuardedHeaders& headers, bool is_api = true) {
  const auto objection = guard.objection(headers, is_api);
  return objection ? objection->status : 200;
}

}  // namespace

TEST_CASE("guard: only loopback names and the operator's are answered, so that no other name can be rebound to us") {
  ServeOptions options;
  options.allowed_hosts = {"Search.Example"};
  const Guard guard(options);
  for (const char* host : {"localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "search.example"}) {
    CHECK_MESSAGE(status(guard, from(host)) == 200, host);
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8080", "[::1]evil",
                           "localhost:80x", "", ":8080", "localhost@evil", "[::1"}) {
    CHECK_MESSAGE(status(guard, from(host)) == 421, host);
  }
  CHECK(status(guard, GuardedHeaders{}) == 400);
  auto twice = from("localhost");
  twice.several_hosts = true;
  CHECK(status(guard, twice) == 400);
}

TEST_CASE("guard: a page elsewhere can neither read nor change anything through its visitor's browser") {
  const Guard guard(ServeOptions{});
  auto headers = from("127.0.0.1:8080");
  headers.origin = "http://127.0.0.1:8080";
  CHECK(status(guard, headers) == 200);
  for (const char* origin : {"http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8080", "",
                             "http://127.0.0.1:8080, http://evil.example"}) {
    headers.origin = origin;
    CHECK_MESSAGE(status(guard, headers) == 403, origin);
  }
  headers.origin.reset();
  headers.fetch_site = "cross-site";
  CHECK(status(guard, headers) == 403);
  CHECK(status(guard, headers, false) == 200);  // a link to the page
  headers.fetch_site = "same-origin";
  CHECK(status(guard, headers) == 200);
}

TEST_CASE("guard: where there are keys, a route of the API wants one of them and says so") {
  ServeOptions options;
  options.api_keys = {"0123456789abcdef", "another-key-of-16"};
  const Guard guard(options);
  auto headers = from("localhost");
  CHECK(status(guard, headers) == 401);
  CHECK(status(guard, headers, false) == 200);
  for (const char* wrong :
       {"Bearer 0123456789abcdeX", "Bearer 0123456789abcde", "Bearer ", "Basic 0123456789abcdef", "0123456789abcdef"}) {
    headers.authorization = wrong;
    CHECK_MESSAGE(status(guard, headers) == 401, wrong);
  }
  for (const char* right : {"Bearer 0123456789abcdef", "bearer another-key-of-16"}) {
    headers.authorization = right;
    CHECK_MESSAGE(status(guard, headers) == 200, right);
  }
}

TEST_CASE("guard: what counts as loopback") {
  CHECK(is_loopback("127.0.0.1"));
  CHECK(is_loopback("127.8.8.8"));
  CHECK(is_loopback("::1"));
  CHECK(is_loopback("localhost"));
  CHECK_FALSE(is_loopback("0.0.0.0"));
  CHECK_FALSE(is_loopback("::"));
  CHECK_FALSE(is_loopback("192.168.1.2"));
}

}  // namespace attune::server
