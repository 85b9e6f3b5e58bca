// Requests that are malformed, too long, too slow or meant to confuse.
#include "server/http_fixture.hpp"

namespace attune::server::testing {
namespace {

int status_of(std::uint16_t port, const std::string& bytes) {
  HttpClient client(port);
  client.send(bytes);
  return client.receive().status;
}

}  // namespace

TEST_CASE("hostile: what is no HTTP gets 400 and the server goes on") {
  HttpFixture fixture;
  fixture.start();
  const auto port = fixture.port();
  CHECK(status_of(port, "\x16\x03\x01\x02garbage\r\n\r\n") == 400);
  CHECK(status_of(port, "GET /quick HTTP/9.9\r\nHost: localhost\r\n\r\n") == 400);
  CHECK(status_of(port, "GET /quick HTTP/1.1\r\nHost : localhost\r\n\r\n") == 400);
  CHECK(status_of(port, "GET /quick HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of(port, "GET /quick HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n") == 400);
  CHECK(status_of(port, "GET /v1/echo/%ff HTTP/1.1\r\nHost: localhost\r\n\r\n") == 400);
  CHECK(status_of(port, "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n") == 400);
  CHECK(get(port, "/quick").status == 200);
}

TEST_CASE("hostile: two lengths, or a length beside chunks, are refused: nothing can be smuggled behind a body") {
  HttpFixture fixture;
  fixture.start();
  const std::string head = "POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  CHECK(status_of(fixture.port(), head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
  CHECK(status_of(fixture.port(), head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde") == 400);
  CHECK(status_of(fixture.port(), head + "Content-Length: -1\r\n\r\n") == 400);
}

TEST_CASE("hostile: chunked bodies are read, broken ones are refused") {
  HttpFixture fixture;
  fixture.start();
  const std::string head =
      "POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n";
  CHECK(status_of(fixture.port(), head + "b\r\n{\"query\":\"x\r\n2\r\n\"}\r\n0\r\n\r\n") == 200);
  CHECK(status_of(fixture.port(), head + "zz\r\n{}\r\n0\r\n\r\n") == 400);
  CHECK(status_of(fixture.port(), head + "fffffffff\r\n") == 413);
}

TEST_CASE("hostile: headers and bodies over their limits are refused, and the client hears why") {
  HttpFixture fixture;
  fixture.options.max_header_bytes = 4096;
  fixture.options.max_body_bytes = 1000;
  fixture.start();
  CHECK(status_of(fixture.port(),
                  "GET /quick HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(8000, 'x') + "\r\n\r\n") == 431);
  CHECK(status_of(fixture.port(), "GET /" + std::string(8000, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n") == 431);
  CHECK(post(fixture.port(), "/v1/search", std::string(200'000, ' ')).status == 413);
  CHECK(status_of(fixture.port(),
                  "POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                  "99999999999\r\n\r\n") == 413);
}

TEST_CASE("hostile: a request that arrives too slowly gets 408, a silent connection is closed") {
  HttpFixture fixture;
  fixture.options.idle_timeout = std::chrono::milliseconds(200);
  fixture.start();
  CHECK(status_of(fixture.port(), "GET /quick HTTP/1.1\r\nHo") == 408);
  CHECK(status_of(fixture.port(),
                  "POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                  "Content-Length: 10\r\n\r\n{") == 408);
  HttpClient silent(fixture.port());
  CHECK(silent.receive().status == 0);
}

TEST_CASE("hostile: JSON that nests deeply is refused") {
  HttpFixture fixture;
  fixture.start();
  const std::string deep = R"({"query":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  const auto reply = post(fixture.port(), "/v1/search", deep);
  CHECK(reply.status == 400);
  CHECK(reply.body.find("nests deeper") != std::string::npos);
}

TEST_CASE("hostile: a client that asks first is told to go on, or why not") {
  HttpFixture fixture;
  fixture.start();
  const std::string head =
      "POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n";
  HttpClient client(fixture.port());
  client.send(head + "Content-Length: 13\r\n\r\n");
  CHECK(client.receive(false).status == 100);
  client.send(R"({"query":"x"})");
  CHECK(client.receive().status == 200);
  CHECK(status_of(fixture.port(), head + "Content-Length: 99999999\r\n\r\n") == 413);
}

TEST_CASE("hostile: any bytes at all, cut anywhere, leave the server answering") {
  HttpFixture fixture;
  fixture.start();
  const std::string whole =
      "POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "13\r\n\r\n{\"query\":\"x\"}";
  for (std::size_t cut = 0; cut < whole.size(); cut += 7) {
    HttpClient client(fixture.port());
    std::string bytes = whole.substr(0, cut);
    if (cut > 0) bytes[cut / 2] = static_cast<char>(bytes[cut / 2] ^ 0x80);
    client.send(bytes);
  }
  CHECK(get(fixture.port(), "/quick").status == 200);
}

}  // namespace attune::server::testing
