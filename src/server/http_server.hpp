// HttpServer: sockets in, responses out. Knows the router and the guards, nothing of documents; tests run it with
// routes of their own. One I/O thread owns all sockets; routes that are not quick run on the work pool.
#pragma once

#include <cstdint>
#include <memory>

#include "attune/core/result.hpp"
#include "attune/server.hpp"

#include "server/router.hpp"

namespace attune::server {

class HttpServer {
 public:
  // Checks a body against the route's request_schema: nothing or the response that says what is wrong.
  using BodyCheck = std::function<std::optional<Response>(const Route&, const std::string& body)>;

  // Binds and begins to answer. Fails with bad_input or io.
  static Result<std::unique_ptr<HttpServer>> start(const ServeOptions& options, Router router, BodyCheck check_body);
  virtual ~HttpServer() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  virtual void stop() = 0;
};

}  // namespace attune::server
