#include "server/connection.hpp"

#include <chrono>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "attune/core/log.hpp"

#include "server/deadline.hpp"
#include "server/wire.hpp"

namespace attune::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Parser = http::request_parser<http::string_body>;
using std::chrono::milliseconds;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds kEventPause{150};        // between two looks at what is new on an event stream
constexpr std::chrono::seconds kHeartbeat{15};  // on an event stream without news, so that a lost client is noticed
constexpr milliseconds kLinger{1'000};          // for a client to stop sending after it was told why
constexpr std::size_t kLingerBytes = 8U << 20;

// A handler's answer, carried from the work pool back to the I/O thread.
struct Pending {
  explicit Pending(const asio::any_io_executor& executor) : ready(executor, Clock::time_point::max()) {}
  asio::steady_timer ready;  // cancelled when there is a response
  std::optional<Response> response;
};

Response call(const Handler& handler, const Request& request) {
  try {
    return handler(request);
  } catch (const std::exception& error) {
    return error_response(Error{ErrorKind::internal, error.what()}, "answering " + request.path);
  }
}

Response overloaded() {
  auto response = error_response(503, "unavailable", "the server has more to do than it can take on; try again");
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

class HttpConnection final : public Connection {
 public:
  HttpConnection(tcp::socket socket, ConnectionContext& context)
      : socket_(std::move(socket)), context_(context), peer_(name_of_peer()) {}

  asio::awaitable<void> run() override {
    const auto self = shared_from_this();
    bool open = true;
    while (open && !context_.stopping) {
      open = co_await wait_for_request();
      if (open) open = co_await serve_one();
    }
    co_await linger();
    close();
  }

  void wind_down() override {
    error_code ignored;
    if (idle_) socket_.cancel(ignored);
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  std::string name_of_peer() const {
    error_code error;
    const auto endpoint = socket_.remote_endpoint(error);
    return error ? std::string("-") : endpoint.address().to_string();
  }

  // Waits for the first byte of a request. False: the client is gone, silent for too long, or the server stops.
  asio::awaitable<bool> wait_for_request() {
    if (buffer_.size() > 0) co_return true;
    idle_ = true;
    const Deadline deadline(socket_, context_.options.idle_timeout);
    const auto [error, bytes] = co_await socket_.async_read_some(buffer_.prepare(4096), kAsTuple);
    idle_ = false;
    buffer_.commit(bytes);
    co_return !error;
  }

  // Reads one request and answers it. False: the connection must end.
  asio::awaitable<bool> serve_one() {
    started_ = Clock::now();
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(context_.options.max_header_bytes));
    parser.body_limit(context_.options.max_body_bytes);
    Request request;
    const Route* route = nullptr;
    std::optional<Response> early;
    {
      const Deadline deadline(socket_, context_.options.request_timeout);
      const auto [header_error, header_bytes] = co_await http::async_read_header(socket_, buffer_, parser, kAsTuple);
      early = header_error ? response_to_bad_request(header_error, deadline.expired())
                           : screen(parser.get(), context_, request, route);
      if (header_error && !early) co_return false;
      if (!early && wants_continue(parser)) co_await write_continue();
      if (!early && !parser.is_done()) {
        const auto [body_error, body_bytes] = co_await http::async_read(socket_, buffer_, parser, kAsTuple);
        if (body_error) {
          early = response_to_bad_request(body_error, deadline.expired());
          if (!early) co_return false;
        }
      }
    }
    if (request.method.empty()) request.method = std::string(parser.get().method_string());
    if (early) {
      co_await write(*early, request, parser.get().version(), false);
      co_return false;
    }
    request.body = std::move(parser.get().body());
    const Response response = co_await answer(*route, request);
    if (response.events && request.method != "HEAD") {
      co_await write_events(response, request, parser.get().version());
      co_return false;
    }
    co_return co_await write(response, request, parser.get().version(), parser.keep_alive());
  }

  static bool wants_continue(const Parser& parser) {
    return beast::iequals(parser.get()[http::field::expect], "100-continue") && parser.get().version() >= 11;
  }

  asio::awaitable<void> write_continue() {
    http::response<http::empty_body> go_on(http::status::continue_, 11);
    co_await http::async_write(socket_, go_on, kAsTuple);
  }

  asio::awaitable<Response> answer(const Route& route, Request& request) {
    if (!route.request_schema.empty()) {
      if (auto fault = context_.check_body(route, request.body)) co_return *std::move(fault);
    }
    if (route.quick) co_return call(route.handler, request);

    auto pending = std::make_shared<Pending>(socket_.get_executor());
    std::stop_source stop;
    const std::stop_callback on_abandon(context_.abandon, [stop]() mutable { stop.request_stop(); });
    request.stop = stop.get_token();
    // The request and the route outlive the work: this coroutine waits for it, whatever happens to the client.
    const bool accepted = context_.pool.submit([pending, &route, &request] {
      auto response = call(route.handler, request);
      asio::post(pending->ready.get_executor(), [pending, response = std::move(response)]() mutable {
        pending->response = std::move(response);
        pending->ready.cancel();
      });
    });
    if (!accepted) co_return overloaded();
    watch_for_disconnect(pending, stop);
    while (!pending->response) co_await pending->ready.async_wait(kAsTuple);
    error_code ignored;
    socket_.cancel(ignored);
    co_return std::move(*pending->response);
  }

  // A client that is gone needs no answer: whoever computes it is asked to stop.
  void watch_for_disconnect(const std::shared_ptr<Pending>& pending, const std::stop_source& stop) {
    socket_.async_wait(tcp::socket::wait_read,
                       [self = shared_from_this(), this, pending, stop](error_code error) mutable {
                         if (error || pending->response) return;
                         // Readable without bytes is the end of the stream; bytes are the next request.
                         if (socket_.available(error) == 0) stop.request_stop();
                       });
  }

  asio::awaitable<bool> write(const Response& response, const Request& request, unsigned version, bool keep_alive) {
    auto message = to_message(response, request, version);
    message.keep_alive(keep_alive && !context_.stopping);
    const std::size_t size = message.body().size();
    // At least 100 bytes a millisecond are expected of a client that takes a long answer.
    const Deadline deadline(socket_, context_.options.write_timeout + milliseconds(size / 100));
    bool written = false;
    if (request.method == "HEAD" || response.status == 304) {
      http::response<http::empty_body> head(std::move(message.base()));
      const auto [error, bytes] = co_await http::async_write(socket_, head, kAsTuple);
      written = !error && !head.need_eof();
    } else {
      const auto [error, bytes] = co_await http::async_write(socket_, message, kAsTuple);
      written = !error && !message.need_eof();
    }
    log_access(request, response.status, size);
    co_return written;
  }

  asio::awaitable<void> write_events(const Response& response, const Request& request, unsigned version) {
    auto message = to_message(response, request, version);
    message.keep_alive(false);
    message.erase(http::field::content_length);
    http::response<http::empty_body> head(std::move(message.base()));
    http::response_serializer<http::empty_body> serializer(head);
    co_await http::async_write_header(socket_, serializer, kAsTuple);
    asio::steady_timer pause(socket_.get_executor());
    auto last_sent = Clock::now();
    std::size_t sent = 0;
    bool finished = false;
    while (!finished) {
      auto step = response.events->next();
      finished = step.finished || context_.stopping;
      std::string text = to_text(step.events);
      if (text.empty() && Clock::now() - last_sent > kHeartbeat) text = ":\n\n";
      if (!text.empty()) {
        last_sent = Clock::now();
        sent += text.size();
        const Deadline deadline(socket_, context_.options.write_timeout);
        const auto [error, bytes] = co_await asio::async_write(socket_, asio::buffer(text), kAsTuple);
        finished = finished || error;
      }
      if (finished) continue;
      pause.expires_after(kEventPause);
      co_await pause.async_wait(kAsTuple);
    }
    log_access(request, response.status, sent);
  }

  // Ends our side and reads what the client still sends: closing at once would reset the connection, and the client
  // might never see the answer that says why.
  asio::awaitable<void> linger() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    if (ignored) co_return;
    idle_ = true;
    const Deadline deadline(socket_, context_.stopping ? milliseconds(100) : kLinger);
    std::array<char, 4096> discarded{};
    for (std::size_t total = 0; total < kLingerBytes;) {
      const auto [error, bytes] = co_await socket_.async_read_some(asio::buffer(discarded), kAsTuple);
      if (error) co_return;
      total += bytes;
    }
  }

  // The query is left out: what people search for does not belong into a log.
  void log_access(const Request& request, unsigned status, std::size_t bytes) const {
    const auto spent = std::chrono::duration<double, std::milli>(Clock::now() - started_).count();
    log(LogLevel::info, peer_ + " " + request.method + " " + request.path + " " + std::to_string(status) + " " +
                            std::to_string(bytes) + " bytes " + std::to_string(static_cast<long>(spent)) + " ms");
  }

  tcp::socket socket_;
  ConnectionContext& context_;
  std::string peer_;
  beast::flat_buffer buffer_;
  Clock::time_point started_;
  bool idle_ = false;
};

}  // namespace

std::shared_ptr<Connection> Connection::make(tcp::socket socket, ConnectionContext& context) {
  return std::make_shared<HttpConnection>(std::move(socket), context);
}

}  // namespace attune::server
