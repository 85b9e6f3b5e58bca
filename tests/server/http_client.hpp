// A client that sends exactly the bytes it is told to, so that tests can send what no library would.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace attune::server::testing {

struct Reply {
  int status = 0;  // 0: the server closed without an answer
  std::string head;
  std::string body;
  // The first header of that name, "" if there is none.
  [[nodiscard]] std::string header(std::string_view name) const;
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port);  // throws std::runtime_error
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void send(std::string_view bytes) const;
  // One response, its body by Content-Length, or up to the end of the stream without one.
  Reply receive(bool has_body = true);
  // The next bytes, "" at the end of the stream or after `patience`.
  std::string receive_some(std::chrono::milliseconds patience = std::chrono::seconds(10)) const;
  void close();

 private:
  int socket_ = -1;
  std::string buffer_;
};

// One request on its own connection, with the headers that a well-behaved client sends.
Reply get(std::uint16_t port, std::string_view target, std::string_view headers = "");
Reply post(std::uint16_t port, std::string_view target, std::string_view body, std::string_view headers = "");
Reply request(std::uint16_t port, std::string_view method, std::string_view target, std::string_view headers = "");

}  // namespace attune::server::testing
