// Deadline: cancels what a socket is waiting for when time is up, and leaves the socket open, so that the client can
// still be told (Beast's own time-outs close it). I/O thread only.
#pragma once

#include <chrono>
#include <memory>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace attune::server {

class Deadline {
 public:
  Deadline(boost::asio::ip::tcp::socket& socket, std::chrono::milliseconds limit)
      : state_(std::make_shared<State>(socket)) {
    arm(state_, limit);
  }
  ~Deadline() {
    state_->socket = nullptr;
    state_->timer.cancel();
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  [[nodiscard]] bool expired() const { return state_->expired; }

 private:
  struct State {
    explicit State(boost::asio::ip::tcp::socket& watched) : timer(watched.get_executor()), socket(&watched) {}
    boost::asio::steady_timer timer;
    boost::asio::ip::tcp::socket* socket;
    bool expired = false;
  };

  static void arm(const std::shared_ptr<State>& state, std::chrono::milliseconds limit) {
    state->timer.expires_after(limit);
    state->timer.async_wait([state](boost::system::error_code error) {
      if (error || state->socket == nullptr) return;
      state->expired = true;
      boost::system::error_code ignored;
      state->socket->cancel(ignored);
      // A composed read may just be between two reads and would begin another: cancel until it has given up.
      arm(state, std::chrono::milliseconds(20));
    });
  }

  std::shared_ptr<State> state_;
};

}  // namespace attune::server
