// The routes over a real database: Markdown in, cited passages out. Words only, so that no model is needed.
#include <filesystem>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/server.hpp"

#include "server/assets.hpp"
#include "server/http_client.hpp"
#include "server/http_fixture.hpp"
#include "server/schema.hpp"
#include "temporary_folder.hpp"

namespace attune::server::testing {
namespace {

using attune::testing::TemporaryFolder;
using nlohmann::json;

struct Farm {
  TemporaryFolder folder;
  TemporaryFolder data;
  TemporaryFolder elsewhere;
  std::unique_ptr<Workspace> workspace;
  std::unique_ptr<Server> server;

  Farm() {
    folder.write("bees.md", "# Bees\n\n## Inspection\n\nThe hive is inspected every second week, at noon.\n");
    folder.write("deep/蜜蜂.md", "# 蜜蜂\n\n蜂箱每两周检查一次。\n");
    elsewhere.write("secret.md", "# Secret\n\nNobody may read this.\n");
    WorkspaceOptions options;
    options.database = data.path() / "farm.db";
    options.with_embedder = false;
    auto opened = Workspace::open(options);
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().text));
    workspace = *std::move(opened);
    start();
  }
  void start() {
    ServeOptions options;
    options.port = 0;
    options.roots = {folder.path()};
    auto started = Server::start(*workspace, options);
    REQUIRE_MESSAGE(started, (started ? "" : started.error().text));
    server = *std::move(started);
  }
  [[nodiscard]] std::uint16_t port() const { return server->port(); }

  // Asks for the folder to be indexed; the job's id when its words are there.
  std::int64_t index() const {
    const auto reply =
        post(port(), "/v1/index", json{{"folder", folder.path().string()}, {"collection", "farm"}}.dump());
    REQUIRE_MESSAGE(reply.status == 202, reply.body);
    const auto id = json::parse(reply.body)["job"]["id"].get<std::int64_t>();
    CHECK(reply.header("Location") == "/v1/jobs/" + std::to_string(id));
    const bool over = eventually(
        [&] { return json::parse(get(port(), "/v1/jobs/" + std::to_string(id)).body)["job"]["state"] == "done"; });
    REQUIRE_MESSAGE(over, get(port(), "/v1/jobs/" + std::to_string(id)).body);
    return id;
  }
};

// The parsed body, which must fit the schema of that name.
json checked(const Reply& reply, const char* schema) {
  REQUIRE_MESSAGE(reply.status == 200, reply.body);
  const json body = json::parse(reply.body);
  const auto fault = find_fault(schema_named(schema), body);
  CHECK_MESSAGE(!fault, schema, (fault ? " " + fault->pointer + " " + fault->message : ""));
  return body;
}

std::string refused_folder(const Farm& farm, const std::string& folder) {
  const auto reply = post(farm.port(), "/v1/index", json{{"folder", folder}}.dump());
  CHECK_MESSAGE(reply.status == 403, folder, reply.body);
  return json::parse(reply.body)["error"].value("pointer", "");
}

}  // namespace

TEST_CASE("api: a folder is indexed over HTTP, and a question brings its passage with a citation that can be checked") {
  const Farm farm;
  farm.index();
  const auto answer = checked(post(farm.port(), "/v1/search", R"({"query":"hive inspection","explain":true})"),
                              "search.response.schema.json");
  REQUIRE_FALSE(answer["hits"].empty());
  const auto& hit = answer["hits"][0];
  CHECK(hit["document"]["path"] == "bees.md");
  CHECK_FALSE(hit["explain"]["parts"].empty());
  CHECK(answer["index"]["chunks"] == 2);

  const auto target = "/v1/documents/" + std::to_string(hit["document"]["id"].get<std::int64_t>());
  const auto document = checked(get(farm.port(), target), "document.schema.json");
  const auto text = document["text"].get<std::string>();
  const auto start = hit["citation"]["start"].get<std::size_t>();
  const auto end = hit["citation"]["end"].get<std::size_t>();
  REQUIRE(end <= text.size());
  CHECK(text.substr(start, end - start) == hit["text"].get<std::string>());
  CHECK(document["sha256"] == hit["document"]["sha256"]);
}

TEST_CASE("api: GET asks the same question, percent-encoded, with filters") {
  const Farm farm;
  farm.index();
  const auto answer =
      checked(get(farm.port(), "/v1/search?q=%E8%9C%82%E7%AE%B1&top_k=1&path=deep/**"), "search.response.schema.json");
  REQUIRE(answer["hits"].size() == 1);
  CHECK(answer["hits"][0]["document"]["path"] == "deep/蜜蜂.md");
  CHECK(checked(get(farm.port(), "/v1/search?q=hive&path=deep/**"), "search.response.schema.json")["hits"].empty());
  const auto fault_at = [&](const char* target) {
    const auto reply = get(farm.port(), target);
    CHECK_MESSAGE(reply.status == 400, target);
    return json::parse(reply.body)["error"].value("pointer", "none");
  };
  CHECK(fault_at("/v1/search") == "/query");
  CHECK(fault_at("/v1/search?q=x&top_k=many") == "/top_k");
  CHECK(fault_at("/v1/search?q=x&top_k=0") == "/top_k");
  CHECK(fault_at("/v1/search?q=x&nonsense=1") == "/nonsense");
  CHECK(fault_at("/v1/documents?limit=9999") == "/limit");
}

TEST_CASE("api: what is asked for and does not exist yet is said in a note") {
  const Farm farm;
  farm.index();
  const auto answer =
      checked(post(farm.port(), "/v1/search", R"({"query":"hive","graph":"on"})"), "search.response.schema.json");
  const auto notes = answer["notes"].dump();
  CHECK(notes.find("no graph") != std::string::npos);
}

TEST_CASE("api: a question's rewrites are searched beside it, shown, and left out when asked") {
  const Farm farm;
  farm.index();
  const auto search = [&](const std::string& body) {
    return checked(post(farm.port(), "/v1/search", body), "search.response.schema.json");
  };
  const auto answer = search(R"({"query":"when is the hive inspeted"})");
  REQUIRE(answer["rewrites"].size() == 1);
  CHECK(answer["rewrites"][0]["kind"] == "spelling");
  CHECK(answer["question"] == "when is the hive inspected");
  CHECK(search(R"({"query":"when is the hive inspeted","rewrite":"off"})")["rewrites"].empty());
  const auto rewriting =
      checked(post(farm.port(), "/v1/rewrite",
                   R"({"query":"and when is it done?","history":["how is the hive inspected",{"role":"assistant",
                      "content":"With care."}]})"),
              "rewrite.response.schema.json");
  CHECK(rewriting["rewrites"].dump().find("hive") != std::string::npos);
  CHECK(post(farm.port(), "/v1/rewrite", R"({"history":[]})").status == 400);
}

TEST_CASE("api: a conversation is kept under its id, leads the next question, and can be seen and forgotten") {
  const Farm farm;
  farm.index();
  const std::string address = "/v1/conversations/one%20two";
  const auto ask = [&](const std::string& question) {
    return checked(post(farm.port(), "/v1/search", R"({"conversation_id":"one two","query":")" + question + R"("})"),
                   "search.response.schema.json");
  };
  const auto kept = [&] { return checked(get(farm.port(), address), "conversation.schema.json")["turns"]; };
  CHECK(get(farm.port(), address).status == 404);
  CHECK(ask("how is the hive inspected")["rewrites"].empty());
  REQUIRE(kept().size() == 2);
  CHECK(kept()[0] == "how is the hive inspected");
  CHECK(ask("and when is it done?")["rewrites"].dump().find("hive") != std::string::npos);
  CHECK(kept().size() == 4);
  checked(request(farm.port(), "DELETE", address), "removed.schema.json");
  CHECK(request(farm.port(), "DELETE", address).status == 404);
  CHECK(ask("and when is it done?")["rewrites"].empty());
}

TEST_CASE("api: documents, collections, jobs and status are listed in the shape of their schemas") {
  const Farm farm;
  farm.index();
  const auto page = checked(get(farm.port(), "/v1/documents?limit=1&offset=1"), "documents.response.schema.json");
  CHECK(page["total"] == 2);
  REQUIRE(page["documents"].size() == 1);
  CHECK(page["documents"][0]["path"] == "deep/蜜蜂.md");
  const auto collections = checked(get(farm.port(), "/v1/collections"), "collections.response.schema.json");
  CHECK(collections["collections"][0]["documents"] == 2);
  CHECK(checked(get(farm.port(), "/v1/jobs"), "jobs.response.schema.json")["jobs"].size() == 1);
  const auto status = checked(get(farm.port(), "/v1/status"), "status.schema.json");
  CHECK(status["documents"] == 2);
  CHECK(status["index"]["kind"] == "none");
  checked(get(farm.port(), "/readyz"), "ready.schema.json");
  checked(get(farm.port(), "/healthz"), "health.schema.json");
  CHECK(get(farm.port(), "/v1/documents/99999").status == 404);
  CHECK(get(farm.port(), "/v1/documents/x").status == 404);
  CHECK(get(farm.port(), "/v1/jobs/99999").status == 404);
  CHECK(request(farm.port(), "DELETE", "/v1/jobs/99999").status == 404);
}

TEST_CASE("api: only folders below the operator's may be indexed, whatever the path looks like") {
  const Farm farm;
  const auto root = farm.folder.path().string();
  const auto elsewhere = farm.elsewhere.path().string();
  std::filesystem::create_directory_symlink(elsewhere, farm.folder.path() / "link");
  CHECK(refused_folder(farm, elsewhere) == "/folder");
  CHECK(refused_folder(farm, root + "/../" + farm.elsewhere.path().filename().string()) == "/folder");
  CHECK(refused_folder(farm, root + "/link") == "/folder");
  CHECK(refused_folder(farm, root + "x") == "/folder");
  CHECK(refused_folder(farm, "deep") == "/folder");
  CHECK(refused_folder(farm, "/") == "/folder");
  CHECK(refused_folder(farm, "/no/such/folder") == "/folder");
  CHECK(refused_folder(farm, root + std::string("\0/x", 3)) == "/folder");
  CHECK(post(farm.port(), "/v1/index", json{{"folder", root + "/deep"}}.dump()).status == 202);
}

TEST_CASE("api: a job's progress comes as server-sent events, with its end as the last one") {
  const Farm farm;
  const auto id = farm.index();
  const auto reply = get(farm.port(), "/v1/jobs/" + std::to_string(id), "Accept: text/event-stream\r\n");
  CHECK(reply.status == 200);
  CHECK(reply.header("Content-Type") == "text/event-stream; charset=utf-8");
  REQUIRE(reply.body.starts_with("event: done\ndata: "));
  const auto event = json::parse(reply.body.substr(18, reply.body.find("\n\n") - 18));
  CHECK(event["job"]["state"] == "done");
  CHECK(event["job"]["report"]["added"] == 2);
  CHECK_FALSE(find_fault(schema_named("job.schema.json"), event));
}

TEST_CASE("api: the page and the description come from the program itself, and are not sent twice") {
  const Farm farm;
  const auto page = get(farm.port(), "/");
  CHECK(page.status == 200);
  CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.body.find("<script type=\"module\" src=\"/app.js\">") != std::string::npos);
  CHECK(get(farm.port(), "/app.js").header("Content-Type") == "text/javascript; charset=utf-8");
  CHECK(get(farm.port(), "/", "If-None-Match: " + page.header("ETag") + "\r\n").status == 304);
  const auto description = json::parse(get(farm.port(), "/openapi.json").body);
  CHECK(description["paths"]["/v1/search"].contains("post"));
  CHECK(description["components"]["schemas"]["search.request"] == schema_named("search.request.schema.json"));
}

TEST_CASE("api: off loopback the server wants a key, and a short key or a missing root is refused at the start") {
  const Farm farm;
  const auto refused = [&](const ServeOptions& options) {
    const auto started = Server::start(*farm.workspace, options);
    REQUIRE_FALSE(started);
    return started.error();
  };
  ServeOptions open_to_all;
  open_to_all.address = "0.0.0.0";
  CHECK(refused(open_to_all).text.find("API key") != std::string::npos);
  ServeOptions short_key;
  short_key.api_keys = {"short"};
  CHECK(refused(short_key).kind == ErrorKind::bad_input);
  ServeOptions no_root;
  no_root.roots = {"/no/such/folder"};
  CHECK(refused(no_root).kind == ErrorKind::bad_input);
}

TEST_CASE("api: serve() answers until it is told to stop") {
  Farm farm;
  farm.server.reset();
  ServeOptions options;
  options.port = 0;
  std::stop_source stop;
  std::string url;
  const auto status = serve(*farm.workspace, options, stop.get_token(), [&](const std::string& ready) {
    url = ready;
    const auto port = static_cast<std::uint16_t>(std::stoi(ready.substr(ready.rfind(':') + 1)));
    CHECK(get(port, "/healthz").status == 200);
    stop.request_stop();
  });
  CHECK(status);
  CHECK(url.starts_with("http://127.0.0.1:"));
}

}  // namespace attune::server::testing
