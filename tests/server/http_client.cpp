#include "server/http_client.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace attune::server::testing {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lowered;
}

Reply exchange(std::uint16_t port, const std::string& bytes, bool has_body) {
  HttpClient client(port);
  client.send(bytes);
  return client.receive(has_body);
}

}  // namespace

std::string Reply::header(std::string_view name) const {
  const std::string wanted = "\r\n" + lower(name) + ": ";
  const auto found = lower(head).find(wanted);
  if (found == std::string::npos) return "";
  const auto start = found + wanted.size();
  return head.substr(start, head.find("\r\n", start) - start);
}

HttpClient::HttpClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (socket_ < 0 || ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
}

HttpClient::~HttpClient() {
  close();
}

void HttpClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void HttpClient::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed: what it said can still be read
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string HttpClient::receive_some(std::chrono::milliseconds patience) const {
  pollfd waited{.fd = socket_, .events = POLLIN, .revents = 0};
  if (::poll(&waited, 1, static_cast<int>(patience.count())) <= 0) return "";
  std::string piece(65536, '\0');
  const auto got = ::recv(socket_, piece.data(), piece.size(), 0);
  piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return piece;
}

Reply HttpClient::receive(bool has_body) {
  Reply reply;
  std::size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    const auto piece = receive_some();
    if (piece.empty()) return reply;
    buffer_ += piece;
  }
  reply.head = buffer_.substr(0, head_end + 2);
  buffer_.erase(0, head_end + 4);
  reply.status = std::stoi(reply.head.substr(9, 3));
  const std::string length = reply.header("Content-Length");
  if (!has_body || reply.status == 304) return reply;
  const std::size_t wanted = length.empty() ? std::string::npos : std::stoul(length);
  while (buffer_.size() < wanted) {
    const auto piece = receive_some();
    if (piece.empty()) break;
    buffer_ += piece;
  }
  reply.body = buffer_.substr(0, wanted);
  buffer_.erase(0, reply.body.size());
  return reply;
}

Reply get(std::uint16_t port, std::string_view target, std::string_view headers) {
  return request(port, "GET", target, headers);
}

Reply request(std::uint16_t port, std::string_view method, std::string_view target, std::string_view headers) {
  return exchange(port,
                  std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1:" +
                      std::to_string(port) + "\r\nConnection: close\r\n" + std::string(headers) + "\r\n",
                  method != "HEAD");
}

Reply post(std::uint16_t port, std::string_view target, std::string_view body, std::string_view headers) {
  return exchange(port,
                  "POST " + std::string(target) + " HTTP/1.1\r\nHost: localhost:" + std::to_string(port) +
                      "\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" + std::string(body),
                  true);
}

}  // namespace attune::server::testing
