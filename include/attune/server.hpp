// Server: HTTP in and out. Search, documents, indexing jobs and the web page over one open Workspace.
//
// The outermost room: it calls pipeline and is called by cli. One thread moves bytes, a small pool answers, one more
// brings folders and vectors up to date in the background. Local by default (invariant 8): it binds to loopback, checks
// Host and Origin, and refuses another address without an API key. Everything that a client sends is bounded by
// ServeOptions. Boost.Beast stays inside.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/pipeline.hpp"

namespace attune {

struct ServeOptions {
  std::string address = "127.0.0.1";  // a numeric IPv4 or IPv6 address, or "localhost"
  std::uint16_t port = 8080;          // 0: any free one, see Server::port()

  // Folders that a client may have indexed (with everything below them). Empty: none.
  std::vector<std::filesystem::path> roots;
  // Names that a request's Host may carry beside the loopback names and `address`; without a port.
  std::vector<std::string> allowed_hosts;
  // When there are any, every route under /v1 wants one of them as "Authorization: Bearer <key>". At least 16 bytes.
  std::vector<std::string> api_keys;

  std::size_t max_header_bytes = 16U << 10;
  std::size_t max_body_bytes = 1U << 20;
  std::size_t max_connections = 256;                   // more are told to come back later
  std::chrono::milliseconds request_timeout{10'000};   // for a request to arrive whole
  std::chrono::milliseconds idle_timeout{60'000};      // between two requests on one connection
  std::chrono::milliseconds write_timeout{30'000};     // for a client to take the answer
  std::chrono::milliseconds search_timeout{30'000};    // for a search, unless its budget_ms is shorter
  std::chrono::milliseconds shutdown_timeout{10'000};  // for answers under way when the server is told to stop

  int workers = 0;              // threads that answer; 0: one for each core, at least 2
  std::size_t max_queued = 64;  // requests that may wait for a worker; more get 503
  std::size_t max_jobs = 32;    // indexing jobs that may wait; more get 429
  bool fill_vectors = true;     // embed pending chunks and rebuild the vector index in the background
};

// A running server. Thread-safe.
class Server {
 public:
  // Binds and begins to answer. `workspace` must outlive the server. Fails with bad_input (an address off loopback
  // without a key, a short key, a root that is no folder) and with io (the port is taken).
  static Result<std::unique_ptr<Server>> start(Workspace& workspace, const ServeOptions& options);
  virtual ~Server() = default;  // stops

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  [[nodiscard]] virtual std::string url() const = 0;  // "http://127.0.0.1:8080"

  // Stops accepting, lets answers under way finish (up to shutdown_timeout), stops indexing so that the next run goes
  // on where it was. Returns when all threads have ended. May be called twice.
  virtual void stop() = 0;
};

// Serves until `stop` is requested. `on_ready` is called once with the address when requests are answered.
// Fails like Server::start.
Status serve(Workspace& workspace, const ServeOptions& options, std::stop_token stop,
             const std::function<void(const std::string& url)>& on_ready = {});

}  // namespace attune
