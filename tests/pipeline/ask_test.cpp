#include <algorithm>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/pipeline.hpp"

#include "temporary_folder.hpp"

namespace attune {
namespace {

using Json = nlohmann::json;

struct Fixture {
  testing::TemporaryFolder folder;
  testing::TemporaryFolder data;
  testing::TemporaryFolder models;
  std::unique_ptr<Workspace> workspace;

  explicit Fixture(bool words_only, bool with_reranker = true) {
    const std::filesystem::path all = std::filesystem::path(ATTUNE_SOURCE_DIR) / "models";
    std::filesystem::create_directory_symlink(all / "embedder", models.path() / "embedder");
    folder.write("bees.md", "# Bees\n\n## Inspection\n\nThe hive is inspected every second week, at noon.\n");
    folder.write("goats.md", "# Goats\n\nGoats are milked in the morning.\n");
    auto opened = Workspace::open({.database = data.path() / "test.db",
                                   .models = with_reranker ? all : models.path(),
                                   .threads = 1,
                                   .with_embedder = true,
                                   .vectors = {}});
    REQUIRE(opened);
    workspace = *std::move(opened);
    REQUIRE(ingest(*workspace, {.folder = folder.path(), .collection = "farm", .words_only = words_only}));
  }
  [[nodiscard]] Answer answer(const std::string& text) const {
    AskRequest request;
    request.query.text = text;
    auto answered = ask(*workspace, request);
    REQUIRE_MESSAGE(answered, (answered ? "" : answered.error().text));
    return *std::move(answered);
  }
};

bool any_note_has(const Answer& answer, std::string_view words) {
  return std::ranges::any_of(answer.notes,
                             [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

}  // namespace

TEST_CASE("ask: words answer before any vector is there, and the answer says how far the vectors are") {
  const Fixture farm(true);
  const Answer answer = farm.answer("hive inspection");
  REQUIRE_FALSE(answer.hits.empty());
  CHECK(answer.hits[0].path == "bees.md");
  CHECK(answer.chunks == 2);
  CHECK(answer.pending == 2);
  CHECK(any_note_has(answer, "0 of 2 passages can be found by meaning"));
}

TEST_CASE("ask: a question in other words than the document's is found by meaning") {
  const Fixture farm(false);
  const Answer answer = farm.answer("山羊什么时候挤奶？");
  REQUIRE_FALSE(answer.hits.empty());
  CHECK(answer.hits[0].path == "goats.md");
  CHECK(answer.pending == 0);
  CHECK_FALSE(any_note_has(answer, "found by meaning"));
}

TEST_CASE("ask: without a cross-encoder the answer says that hits stand in the order of retrieval") {
  const Fixture farm(true, false);
  const Answer answer = farm.answer("hive");
  CHECK(any_note_has(answer, "no cross-encoder is loaded"));
  REQUIRE_FALSE(answer.hits.empty());
  CHECK_FALSE(answer.hits[0].relevance);
}

TEST_CASE("ask: with the one that ships every hit says how relevant it is, and the right one far more than the other") {
  const Fixture farm(false);
  const Answer answer = farm.answer("When are goats milked?");
  CHECK(answer.notes.empty());
  REQUIRE(answer.hits.size() == 2);
  CHECK(answer.hits[0].path == "goats.md");
  REQUIRE(answer.hits[0].relevance);
  REQUIRE(answer.hits[1].relevance);
  CHECK(*answer.hits[0].relevance > 0.5F);
  CHECK(*answer.hits[1].relevance < 0.2F);
  AskRequest strict;
  strict.query.text = "When are goats milked?";
  strict.min_relevance = 0.5F;
  const auto sure = ask(*farm.workspace, strict);
  REQUIRE(sure);
  CHECK(sure->hits.size() == 1);
}

TEST_CASE("ask: every citation names bytes that hold the quoted text") {
  const Fixture farm(true);
  for (const Hit& hit : farm.answer("goats hive milk inspected").hits) {
    const auto document = farm.workspace->store().document(hit.document_id);
    REQUIRE(document);
    CHECK(hit.citation.span.of(document->content.text) == hit.text);
    CHECK(hit.sha256 == document->sha256);
    CHECK(hit.citation.line > 0);
  }
}

TEST_CASE("answer as JSON: has the shape that clients rely on") {
  const Fixture farm(true);
  const Json json = Json::parse(answer_to_json(farm.answer("hive"), true));
  for (const char* key : {"hits", "rewrites", "timings_ms", "notes", "index"}) CHECK(json.contains(key));
  const Json& hit = json.at("hits").at(0);
  for (const char* key : {"id", "document", "text", "score", "citation", "snippet", "explain"})
    CHECK(hit.contains(key));
  for (const char* key : {"id", "path", "title", "sha256"}) CHECK(hit.at("document").contains(key));
  CHECK(hit.at("citation").at("start").is_number_unsigned());
  std::string joined;
  for (const Json& piece : hit.at("snippet").at("pieces")) joined += piece.at("text").get<std::string>();
  CHECK(hit.at("text").get<std::string>().find(joined) != std::string::npos);
}

TEST_CASE("ask: a follow-up question finds what its conversation is about, and alone it does not lead there") {
  const Fixture farm(false);
  AskRequest request;
  request.query.text = "When is that done?";
  request.history = {"Tell me how the goats are milked.", "By hand, into a bucket."};
  const auto answer = ask(*farm.workspace, request);
  REQUIRE(answer);
  REQUIRE_FALSE(answer->hits.empty());
  CHECK(answer->hits[0].path == "goats.md");
  CHECK(answer->question.find("goats") != std::string::npos);
  REQUIRE_FALSE(answer->rewrites.empty());
  for (const AnsweredRewrite& answered : answer->rewrites) {
    CHECK(answered.alone <= answered.found);
    CHECK(answered.rewrite.milliseconds >= 0);
  }
  CHECK(answer->timings_ms.contains("rewrite"));
  request.rewrite = RewriteMode::off;
  const auto raw = ask(*farm.workspace, request);
  REQUIRE(raw);
  CHECK(raw->rewrites.empty());
  CHECK(raw->question == request.query.text);
}

TEST_CASE("score pairs: a text's score is the same alone and among others") {
  const Fixture farm(true);
  const std::string_view goats = "Goats are milked in the morning.";
  const std::string_view rest[] = {goats, "A much longer text about bees, hives, honey and the weather in May.", goats};
  const auto alone = score_pairs(*farm.workspace, "milking goats", std::span(&goats, 1));
  const auto among = score_pairs(*farm.workspace, "milking goats", rest);
  REQUIRE(alone);
  REQUIRE(among);
  CHECK(alone->scores[0] == among->scores[0]);
  CHECK(among->scores[0] == among->scores[2]);
  CHECK(among->scores[0] > among->scores[1]);
}

TEST_CASE("doctor: a healthy database has no faults") {
  const Fixture farm(false);
  const auto diagnosis = diagnose(*farm.workspace);
  REQUIRE(diagnosis);
  CHECK(diagnosis->faults.empty());
  CHECK(diagnosis->checked.size() >= 3);
}

}  // namespace attune
