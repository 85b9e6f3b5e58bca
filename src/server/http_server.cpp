#include "server/http_server.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "attune/core/log.hpp"

#include "server/connection.hpp"

namespace attune::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: close\r\n"
    "Content-Length: 77\r\n\r\n"
    "{\"error\":{\"kind\":\"unavailable\",\"message\":\"too many connections; try again\"}}\n";

int worker_count(const ServeOptions& options) {
  if (options.workers > 0) return options.workers;
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 2U, 64U));
}

class BeastServer final : public HttpServer {
 public:
  BeastServer(const ServeOptions& options, Router router, BodyCheck check_body)
      : options_(options),
        router_(std::move(router)),
        guard_(options),
        check_body_(std::move(check_body)),
        acceptor_(io_),
        patience_(io_),
        pool_(worker_count(options), options.max_queued),
        context_{options_, router_, guard_, check_body_, pool_, false, abandon_.get_token()} {}

  ~BeastServer() override { stop(); }

  Status listen() {
    error_code error;
    const auto address =
        asio::ip::make_address(options_.address == "localhost" ? "127.0.0.1" : options_.address, error);
    if (error) return Error{ErrorKind::bad_input, "'" + options_.address + "' is no numeric address"};
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Error{ErrorKind::io, "listening on " + options_.address + " port " + std::to_string(options_.port) + ": " +
                                      error.message()};
    }
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(io_, accept_all(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  void stop() override {
    const std::scoped_lock lock(stop_mutex_);
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { begin_shutdown(); });
    thread_.join();
  }

 private:
  asio::awaitable<void> accept_all() {
    while (!context_.stopping) {
      auto [error, socket] = co_await acceptor_.async_accept(kAsTuple);
      if (context_.stopping) co_return;
      if (error) {
        // Most likely out of file descriptors: wait until some are given back.
        log(LogLevel::warning, "accepting a connection: " + error.message());
        asio::steady_timer pause(io_, std::chrono::milliseconds(100));
        co_await pause.async_wait(kAsTuple);
        continue;
      }
      if (connections_.size() >= options_.max_connections) {
        error_code ignored;  // small enough for the socket's buffer: never blocks
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(kTooManyConnections), ignored);
        continue;
      }
      begin(std::move(socket));
    }
  }

  void begin(tcp::socket socket) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto connection = Connection::make(std::move(socket), context_);
    connections_.insert(connection);
    asio::co_spawn(io_, connection->run(), [this, connection](const std::exception_ptr& failure) {
      connections_.erase(connection);
      if (context_.stopping && connections_.empty()) patience_.cancel();
      if (!failure) return;
      connection->close();
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& error) {
        log(LogLevel::error, std::string("a connection ended: ") + error.what());
      }
    });
  }

  void begin_shutdown() {
    context_.stopping = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (const auto& connection : connections_) connection->wind_down();
    if (connections_.empty()) return;
    patience_.expires_after(options_.shutdown_timeout);
    patience_.async_wait([this](error_code error) {
      if (error) return;
      log(LogLevel::warning, "shutting down: giving up " + std::to_string(connections_.size()) + " answers under way");
      abandon_.request_stop();
      for (const auto& connection : connections_) connection->close();
    });
  }

  const ServeOptions options_;
  const Router router_;
  const Guard guard_;
  const BodyCheck check_body_;
  std::stop_source abandon_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer patience_;
  WorkPool pool_;
  ConnectionContext context_;
  std::set<std::shared_ptr<Connection>> connections_;  // I/O thread only
  std::uint16_t port_ = 0;
  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ServeOptions& options, Router router,
                                                      BodyCheck check_body) {
  auto server = std::make_unique<BeastServer>(options, std::move(router), std::move(check_body));
  if (auto status = server->listen(); !status) return status.error();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace attune::server
