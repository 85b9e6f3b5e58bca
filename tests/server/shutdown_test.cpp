#include "server/http_fixture.hpp"

namespace attune::server::testing {

TEST_CASE("shutdown: an answer under way is finished, its connection closed, and nothing new is taken") {
  HttpFixture fixture;
  fixture.start();
  const auto port = fixture.port();
  HttpClient client(port);
  client.send("GET /v1/slow/300 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  HttpClient idle(port);
  idle.send("GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(idle.receive().status == 200);
  REQUIRE(eventually([&] { return fixture.begun == 1; }));
  const auto before = std::chrono::steady_clock::now();
  fixture.server->stop();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds(1400));
  const auto reply = client.receive();
  CHECK(reply.status == 200);
  CHECK(reply.body == "\"slow\"");
  CHECK(reply.header("Connection") == "close");
  CHECK(idle.receive().status == 0);
  CHECK_THROWS(HttpClient{port});
}

TEST_CASE("shutdown: what takes longer than the patience is told to stop") {
  HttpFixture fixture;
  fixture.options.shutdown_timeout = std::chrono::milliseconds(200);
  fixture.start();
  HttpClient client(fixture.port());
  client.send("GET /v1/slow/60000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(eventually([&] { return fixture.begun == 1; }));
  const auto before = std::chrono::steady_clock::now();
  fixture.server->stop();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
  CHECK(fixture.stopped == 1);
}

TEST_CASE("shutdown: an event stream ends, and does not hold the server") {
  HttpFixture fixture;
  fixture.start();
  HttpClient client(fixture.port());
  client.send("GET /v1/count/100000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE_FALSE(client.receive_some().empty());
  const auto before = std::chrono::steady_clock::now();
  fixture.server->stop();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::milliseconds(1200));
  while (!client.receive_some().empty()) continue;
}

TEST_CASE("shutdown: stopping twice, or a server that nobody asked, is well") {
  HttpFixture fixture;
  fixture.start();
  fixture.server->stop();
  fixture.server->stop();
  fixture.server.reset();
}

TEST_CASE("start: a port that is taken and an address that is none are said in a sentence") {
  HttpFixture fixture;
  fixture.start();
  ServeOptions taken;
  taken.port = fixture.port();
  const auto second = HttpServer::start(taken, Router(), check_body);
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::io);
  ServeOptions wrong;
  wrong.address = "not-an-address";
  const auto third = HttpServer::start(wrong, Router(), check_body);
  REQUIRE_FALSE(third);
  CHECK(third.error().kind == ErrorKind::bad_input);
}

}  // namespace attune::server::testing
