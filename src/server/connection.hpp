// Connection: one client's socket, from accept to close. Requests on it are read and answered one after the other, so
// that pipelined ones keep their order. Runs on the I/O thread only.
#pragma once

#include <memory>
#include <stop_token>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "attune/server.hpp"

#include "server/guard.hpp"
#include "server/http_server.hpp"
#include "server/router.hpp"
#include "server/work_pool.hpp"

namespace attune::server {

// What all connections of one server share. Outlives them.
struct ConnectionContext {
  const ServeOptions& options;
  const Router& router;
  const Guard& guard;
  const HttpServer::BodyCheck& check_body;
  WorkPool& pool;
  bool stopping = false;    // I/O thread only: answer what is under way, then close
  std::stop_token abandon;  // requested when the shutdown's patience is over
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  virtual ~Connection() = default;

  static std::shared_ptr<Connection> make(boost::asio::ip::tcp::socket socket, ConnectionContext& context);

  virtual boost::asio::awaitable<void> run() = 0;
  // Closes it now if no request is under way; else after its answer.
  virtual void wind_down() = 0;
  virtual void close() = 0;
};

}  // namespace attune::server
