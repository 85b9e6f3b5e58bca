#include <algorithm>

#include <doctest/doctest.h>

#include "attune/model/joint.hpp"
#include "attune/pipeline.hpp"

#include "temporary_folder.hpp"

namespace attune {
namespace {

const std::filesystem::path kEmbedder = ATTUNE_SOURCE_DIR "/models/embedder";

// A workspace of three notes with the embedder that ships and joint layers whose head says something.
struct Fixture {
  testing::TemporaryFolder folder;
  std::unique_ptr<Workspace> workspace;

  Fixture() {
    folder.write("notes/bees.md", "# Bees\n\nBees keep honey in the cells of their comb.\n");
    folder.write("notes/goats.md", "# Goats\n\nGoats are milked in the morning.\n");
    folder.write("notes/boats.md", "# Boats\n\nThe harbour holds forty boats.\n");
    std::filesystem::create_directories(folder.path() / "models" / "reranker");
    std::filesystem::create_directory_symlink(kEmbedder, folder.path() / "models" / "embedder");
    auto model = start_joint_model(kEmbedder, {.lower_layers = 10, .upper_layers = 2, .one_sided = true});
    REQUIRE(model);
    const auto layout = joint_layout(model->shape);
    for (std::size_t i = 0; i < model->shape.width; ++i) {
      model->weights[layout[layout.size() - 3].first + i] = i % 3 == 0 ? 0.5F : -0.2F;
    }
    REQUIRE(save_joint_model(*model, folder.path() / "models/reranker/model.safetensors", WeightPrecision::int8));
    WorkspaceOptions options;
    options.database = folder.path() / "notes.db";
    options.models = folder.path() / "models";
    auto opened = Workspace::open(options);
    REQUIRE(opened);
    workspace = *std::move(opened);
    REQUIRE(workspace->reranker() != nullptr);
    IngestRequest request;
    request.folder = folder.path() / "notes";
    REQUIRE(ingest(*workspace, request));
  }

  [[nodiscard]] Answer answer() const {
    AskRequest request;
    request.query.text = "where do bees keep their honey?";
    auto found = ask(*workspace, request);
    REQUIRE(found);
    return *std::move(found);
  }
};

std::vector<std::pair<std::int64_t, float>> scores(const Answer& answer) {
  std::vector<std::pair<std::int64_t, float>> all;
  for (const Hit& hit : answer.hits) all.emplace_back(hit.chunk_id, hit.parts.back().score);
  return all;
}

}  // namespace

TEST_CASE("readings: kept ones change no score, and reading ahead covers what is new") {
  Fixture farm;
  CHECK(readings_of(*farm.workspace, farm.answer().hits)->size() == 3);  // as they were indexed
  REQUIRE(keep_readings(*farm.workspace, false));
  const auto before = scores(farm.answer());
  REQUIRE(before.size() == 3);
  CHECK(*read_pending(*farm.workspace) == 0);

  REQUIRE(keep_readings(*farm.workspace, true));
  CHECK(*read_pending(*farm.workspace) == 3);
  CHECK(*read_pending(*farm.workspace) == 0);
  const Answer kept = farm.answer();
  CHECK(readings_of(*farm.workspace, kept.hits)->size() == 3);
  CHECK(scores(kept) == before);

  farm.folder.write("notes/vines.md", "# Vines\n\nVines climb walls with the help of tendrils.\n");
  IngestRequest request;
  request.folder = farm.folder.path() / "notes";
  REQUIRE(ingest(*farm.workspace, request));
  CHECK(readings_of(*farm.workspace, farm.answer().hits)->size() == 4);

  REQUIRE(keep_readings(*farm.workspace, false));
  CHECK(readings_of(*farm.workspace, kept.hits)->empty());
  CHECK(farm.workspace->store().states_size(farm.workspace->reranker()->readings_name())->chunks == 0);
}

TEST_CASE("ask: a lowest relevance that nobody can tell is refused, not ignored") {
  const Fixture farm;
  AskRequest request;
  request.query.text = "where do bees keep their honey?";
  request.min_relevance = 0.5F;
  CHECK(ask(*farm.workspace, request).error().kind == ErrorKind::bad_input);  // this model was not calibrated
  request.rerank = false;
  CHECK(ask(*farm.workspace, request).error().kind == ErrorKind::bad_input);
}

TEST_CASE("ask: without time for it nothing is reranked, and the answer says so") {
  const Fixture farm;
  AskRequest request;
  request.query.text = "where do bees keep their honey?";
  request.budget = std::chrono::milliseconds(1);
  request.retrieve.depth = 1000;
  const auto answer = ask(*farm.workspace, request);
  REQUIRE(answer);
  CHECK(answer->hits.size() == 3);
  CHECK(std::ranges::any_of(
      answer->notes, [](const std::string& note) { return note.find("there was no time") != std::string::npos; }));
}

}  // namespace attune
