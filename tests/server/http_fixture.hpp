// A server with routes of its own and no documents.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include <doctest/doctest.h>

#include "server/http_client.hpp"
#include "server/http_server.hpp"
#include "server/request_body.hpp"

namespace attune::server::testing {

struct HttpFixture {
  ServeOptions options;
  std::atomic<int> begun = 0;    // calls of /v1/slow
  std::atomic<int> stopped = 0;  // of these, ended by their stop token
  std::unique_ptr<HttpServer> server;

  HttpFixture() {
    options.port = 0;
    options.workers = 2;
    options.max_queued = 2;
    options.request_timeout = std::chrono::milliseconds(400);
    options.shutdown_timeout = std::chrono::milliseconds(1500);
  }

  void start() {
    auto started = HttpServer::start(options, router(), check_body);
    REQUIRE_MESSAGE(started, (started ? "" : started.error().text));
    server = *std::move(started);
  }
  [[nodiscard]] std::uint16_t port() const { return server->port(); }

  Router router() {
    Router routes;
    routes.add({.method = "GET",
                .pattern = "/quick",
                .summary = "",
                .handler =
                    [](const Request&) {
                      Response response;
                      response.body = "\"quick\"";
                      return response;
                    },
                .quick = true});
    routes.add({.method = "GET", .pattern = "/v1/echo/{id}", .summary = "", .handler = [](const Request& request) {
                  Response response;
                  response.body = request.parameters.at("id");
                  for (const auto& [name, value] : request.query) response.body += "|" + name + "=" + value;
                  return response;
                }});
    routes.add({.method = "POST",
                .pattern = "/v1/search",
                .summary = "",
                .handler =
                    [](const Request& request) {
                      Response response;
                      response.body = request.body;
                      return response;
                    },
                .request_schema = "search.request.schema.json"});
    routes.add({.method = "GET", .pattern = "/v1/throws", .summary = "", .handler = [](const Request&) -> Response {
                  throw std::runtime_error("/secret/path is broken");
                }});
    routes.add({.method = "GET", .pattern = "/v1/slow/{ms}", .summary = "", .handler = [this](const Request& request) {
                  return slow(request);
                }});
    routes.add({.method = "GET", .pattern = "/v1/count/{to}", .summary = "", .handler = count});
    return routes;
  }

 private:
  // One event at each look, up to a number.
  static Response count(const Request& request) {
    Response response;
    response.content_type = "text/event-stream; charset=utf-8";
    response.events.emplace();
    response.events->next = [at = 0, to = std::stoi(request.parameters.at("to"))]() mutable {
      EventStream::Step step;
      step.events.push_back({"progress", std::to_string(++at)});
      step.finished = at == to;
      return step;
    };
    return response;
  }

  Response slow(const Request& request) {
    ++begun;
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(std::stoi(request.parameters.at("ms")));
    while (std::chrono::steady_clock::now() < end) {
      if (request.stop.stop_requested()) {
        ++stopped;
        return error_response(503, "cancelled", "stopped");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    Response response;
    response.body = "\"slow\"";
    return response;
  }
};

// Waits until `done` holds, for at most ten seconds.
template <typename Condition>
bool eventually(const Condition& done) {
  for (int at = 0; at < 1000 && !done(); ++at) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return done();
}

}  // namespace attune::server::testing
