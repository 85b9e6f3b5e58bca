#include "server/http_fixture.hpp"

namespace attune::server::testing {

TEST_CASE("http: a request is answered with the headers that every response carries") {
  HttpFixture fixture;
  fixture.start();
  const auto reply = get(fixture.port(), "/v1/echo/%E6%B3%A8?q=a+b");
  CHECK(reply.status == 200);
  CHECK(reply.body == "注|q=a b");
  CHECK(reply.header("Content-Type") == "application/json; charset=utf-8");
  CHECK(reply.header("X-Content-Type-Options") == "nosniff");
  CHECK(reply.header("Content-Security-Policy").find("default-src 'self'") == 0);
  CHECK(reply.header("Cache-Control") == "no-store");
  CHECK(reply.header("Date") != "");
}

TEST_CASE("http: HEAD has the length of GET and no body") {
  HttpFixture fixture;
  fixture.start();
  HttpClient client(fixture.port());
  client.send("HEAD /quick HTTP/1.1\r\nHost: localhost\r\n\r\nGET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = client.receive(false);
  CHECK(head.status == 200);
  CHECK(head.header("Content-Length") == "7");
  CHECK(client.receive().body == "\"quick\"");
}

TEST_CASE("http: pipelined requests are answered in their order on one connection") {
  HttpFixture fixture;
  fixture.start();
  HttpClient client(fixture.port());
  std::string all;
  for (const char* target : {"/v1/slow/60", "/v1/echo/2", "/quick", "/v1/echo/4"}) {
    all += std::string("GET ") + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  client.send(all);
  CHECK(client.receive().body == "\"slow\"");
  CHECK(client.receive().body == "2");
  CHECK(client.receive().body == "\"quick\"");
  CHECK(client.receive().body == "4");
}

TEST_CASE("http: what is not there, not allowed or of another kind is told apart") {
  HttpFixture fixture;
  fixture.start();
  CHECK(get(fixture.port(), "/nothing").status == 404);
  const auto wrong_method = request(fixture.port(), "DELETE", "/v1/search");
  CHECK(wrong_method.status == 405);
  CHECK(wrong_method.header("Allow") == "POST");
  CHECK(request(fixture.port(), "POST", "/v1/search", "Content-Type: text/plain\r\n").status == 415);
  CHECK(get(fixture.port(), "/quick", "Host: evil.example\r\n").status == 400);
  CHECK(get(fixture.port(), "/v1/echo/1", "Origin: http://evil.example\r\n").status == 403);
}

TEST_CASE("http: a body that does not fit its schema hears where") {
  HttpFixture fixture;
  fixture.start();
  const auto too_many = post(fixture.port(), "/v1/search", R"({"query":"x","top_k":1000})");
  CHECK(too_many.status == 400);
  CHECK(too_many.body == R"({"error":{"kind":"bad_input","message":"/top_k must be at most 100","pointer":"/top_k"}})");
  CHECK(post(fixture.port(), "/v1/search", R"({"query":7})").body.find(R"("pointer":"/query")") != std::string::npos);
  CHECK(post(fixture.port(), "/v1/search", R"({"query":"x","filters":{"paths":["a",1]}})")
            .body.find(R"("pointer":"/filters/paths/1")") != std::string::npos);
  CHECK(post(fixture.port(), "/v1/search", R"({"query":)").body.find("at byte 10") != std::string::npos);
  CHECK(post(fixture.port(), "/v1/search", "").status == 400);
  CHECK(post(fixture.port(), "/v1/search", R"({"query":"注意力"})").body == R"({"query":"注意力"})");
}

TEST_CASE("http: a handler's exception is a 500 that tells nothing of the inside") {
  HttpFixture fixture;
  fixture.start();
  const auto reply = get(fixture.port(), "/v1/throws");
  CHECK(reply.status == 500);
  CHECK(reply.body.find("secret") == std::string::npos);
}

TEST_CASE("http: quick routes answer while all workers are busy, and too much work is refused with Retry-After") {
  HttpFixture fixture;
  fixture.start();
  const std::string slow = "GET /v1/slow/1000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (int at = 0; at < 2; ++at) clients.emplace_back(std::make_unique<HttpClient>(fixture.port()))->send(slow);
  REQUIRE(eventually([&] { return fixture.begun == 2; }));
  const auto before = std::chrono::steady_clock::now();
  CHECK(get(fixture.port(), "/quick").status == 200);
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds(500));
  for (int at = 0; at < 3; ++at) clients.emplace_back(std::make_unique<HttpClient>(fixture.port()))->send(slow);
  const auto refused = clients.back()->receive();
  CHECK(refused.status == 503);
  CHECK(refused.header("Retry-After") == "1");
  CHECK(clients.front()->receive().status == 200);
}

TEST_CASE("http: a client that leaves stops the work that was done for it") {
  HttpFixture fixture;
  fixture.start();
  {
    HttpClient client(fixture.port());
    client.send("GET /v1/slow/20000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    REQUIRE(eventually([&] { return fixture.begun == 1; }));
  }
  CHECK(eventually([&] { return fixture.stopped == 1; }));
}

TEST_CASE("http: events arrive one by one while they happen, and the stream ends with them") {
  HttpFixture fixture;
  fixture.start();
  HttpClient client(fixture.port());
  client.send("GET /v1/count/3 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::string first;
  while (first.find("data: 1\n\n") == std::string::npos) {
    const auto piece = client.receive_some();
    REQUIRE_FALSE(piece.empty());
    first += piece;
  }
  CHECK(first.find("data: 3") == std::string::npos);
  std::string rest;
  for (auto piece = client.receive_some(); !piece.empty(); piece = client.receive_some()) rest += piece;
  CHECK((first + rest).ends_with("event: progress\ndata: 2\n\nevent: progress\ndata: 3\n\n"));
  CHECK(request(fixture.port(), "HEAD", "/v1/count/3").status == 200);
}

TEST_CASE("http: more connections than allowed are told to come back") {
  HttpFixture fixture;
  fixture.options.max_connections = 2;
  fixture.start();
  HttpClient first(fixture.port());
  HttpClient second(fixture.port());
  first.send("GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n");
  second.send("GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(first.receive().status == 200);
  CHECK(second.receive().status == 200);
  HttpClient third(fixture.port());
  const auto reply = third.receive();
  CHECK(reply.status == 503);
  CHECK(reply.header("Content-Length") == std::to_string(reply.body.size()));
}

}  // namespace attune::server::testing
