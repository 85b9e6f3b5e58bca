#include <algorithm>
#include <filesystem>
#include <stop_token>

#include <doctest/doctest.h>

#include "attune/pipeline.hpp"

#include "temporary_folder.hpp"

namespace attune {
namespace {

using testing::TemporaryFolder;

// A folder of documents, and a database beside it.
struct Library {
  TemporaryFolder folder;
  TemporaryFolder data;

  [[nodiscard]] std::unique_ptr<Workspace> open(bool with_embedder = false) const {
    auto workspace = Workspace::open({.database = data.path() / "test.db",
                                      .models = std::filesystem::path(ATTUNE_SOURCE_DIR) / "models",
                                      .threads = 2,
                                      .with_embedder = with_embedder,
                                      .vectors = {}});
    REQUIRE_MESSAGE(workspace, (workspace ? "" : workspace.error().text));
    return *std::move(workspace);
  }
  IngestReport ingest_all(Workspace& workspace, bool prune = false) const {
    auto report = ingest(workspace, {.folder = folder.path(), .collection = "lib", .prune = prune});
    REQUIRE_MESSAGE(report, (report ? "" : report.error().text));
    return *std::move(report);
  }
};

std::int64_t generation(const Workspace& workspace) {
  return *workspace.store().generation();
}

std::vector<DocumentStamp> stamps(const Workspace& workspace) {
  const auto collections = workspace.store().collections();
  return *workspace.store().stamps(collections->at(0).id);
}

std::string best_path(const Workspace& workspace, const std::string& question) {
  AskRequest request;
  request.query.text = question;
  const auto answer = ask(workspace, request);
  REQUIRE(answer);
  return answer->hits.empty() ? "" : answer->hits.front().path;
}

}  // namespace

TEST_CASE("ingest: a folder becomes searchable by its words, and a second run changes no row") {
  Library library;
  library.folder.write("bees.md", "# Bees\n\nThe hive is inspected every second week.\n");
  library.folder.write("sub/茶.md", "# 茶园\n\n采茶从清明前后开始。\n");
  const auto workspace = library.open();
  const IngestReport first = library.ingest_all(*workspace);
  CHECK(first.added == 2);
  CHECK(first.skipped.empty());
  CHECK(best_path(*workspace, "when is the hive inspected?") == "bees.md");
  CHECK(best_path(*workspace, "什么时候采茶") == "sub/茶.md");

  const std::int64_t before = generation(*workspace);
  const IngestReport second = library.ingest_all(*workspace);
  CHECK(second.unchanged == 2);
  CHECK(second.chunks == 0);
  CHECK(generation(*workspace) == before);
}

TEST_CASE("ingest: editing one file embeds only its passages") {
  Library library;
  library.folder.write("a.md", "# A\n\nGoats climb.\n");
  library.folder.write("b.md", "# B\n\nSheep graze.\n");
  const auto workspace = library.open(true);
  REQUIRE(workspace->embedder() != nullptr);
  CHECK(library.ingest_all(*workspace).embedded == 2);
  library.folder.write("b.md", "# B\n\nSheep graze on the northern slope.\n");
  const IngestReport second = library.ingest_all(*workspace);
  CHECK(second.changed == 1);
  CHECK(second.unchanged == 1);
  CHECK(second.embedded == 1);
  CHECK(workspace->vectors()->state().vectors == 2);
}

TEST_CASE("ingest: a renamed file keeps its document, a vanished one is removed") {
  Library library;
  library.folder.write("old/name.md", "# Kept\n\nSame content.\n");
  library.folder.write("gone.md", "# Gone\n\nFor a while.\n");
  const auto workspace = library.open();
  library.ingest_all(*workspace);
  const auto before = stamps(*workspace);
  const auto old_id = std::ranges::find(before, "old/name.md", &DocumentStamp::path)->id;

  std::filesystem::create_directories(library.folder.path() / "new");
  std::filesystem::rename(library.folder.path() / "old/name.md", library.folder.path() / "new/name.md");
  std::filesystem::remove(library.folder.path() / "gone.md");
  const IngestReport report = library.ingest_all(*workspace);
  CHECK(report.renamed == 1);
  CHECK(report.removed == 1);
  const auto after = stamps(*workspace);
  REQUIRE(after.size() == 1);
  CHECK(after[0].path == "new/name.md");
  CHECK(after[0].id == old_id);
}

TEST_CASE("ingest: a file renamed to another name is followed even where its title is its name") {
  Library library;
  library.folder.write("first.txt",
                       "plain words without any heading that could be a title, long enough to be no title at all\n");
  const auto workspace = library.open();
  library.ingest_all(*workspace);
  const auto id = stamps(*workspace).at(0).id;
  std::filesystem::rename(library.folder.path() / "first.txt", library.folder.path() / "second.txt");
  CHECK(library.ingest_all(*workspace).renamed == 1);
  CHECK(stamps(*workspace).at(0).id == id);
  CHECK(workspace->store().document(id)->path == "second.txt");
}

TEST_CASE("ingest: two copies of a removed file do not both claim its document") {
  Library library;
  library.folder.write("one.md", "# One\n\nTwins.\n");
  const auto workspace = library.open();
  library.ingest_all(*workspace);
  std::filesystem::create_directories(library.folder.path() / "x");
  std::filesystem::copy_file(library.folder.path() / "one.md", library.folder.path() / "x/one.md");
  std::filesystem::create_directories(library.folder.path() / "y");
  std::filesystem::rename(library.folder.path() / "one.md", library.folder.path() / "y/one.md");
  const IngestReport report = library.ingest_all(*workspace);
  CHECK(report.renamed == 1);
  CHECK(report.added == 1);
  CHECK(stamps(*workspace).size() == 2);
}

TEST_CASE("ingest: an empty or vanished folder is not taken for a mass deletion without prune") {
  Library library;
  library.folder.write("a.md", "# A\n\nWords.\n");
  const auto workspace = library.open();
  library.ingest_all(*workspace);
  std::filesystem::remove(library.folder.path() / "a.md");
  const auto refused = ingest(*workspace, {.folder = library.folder.path(), .collection = "lib"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::conflict);
  CHECK(stamps(*workspace).size() == 1);
  CHECK(library.ingest_all(*workspace, true).removed == 1);

  const auto gone = ingest(*workspace, {.folder = library.folder.path() / "nowhere", .collection = "lib"});
  REQUIRE_FALSE(gone);
  CHECK(gone.error().kind == ErrorKind::not_found);
}

TEST_CASE("ingest: a broken file is skipped with a reason, and what it held before can no longer be cited") {
  Library library;
  library.folder.write("a.md", "# A\n\nWords.\n");
  library.folder.write("b.json", "{\"title\": \"fine\"}");
  const auto workspace = library.open();
  CHECK(library.ingest_all(*workspace).added == 2);
  library.folder.write("b.json", "{\"title\": ");
  const IngestReport report = library.ingest_all(*workspace);
  REQUIRE(report.skipped.size() == 1);
  CHECK(report.skipped[0].path == "b.json");
  CHECK_FALSE(report.skipped[0].reason.empty());
  CHECK(report.removed == 1);
  CHECK(stamps(*workspace).size() == 1);
}

TEST_CASE("ingest: a stopped run keeps what it did, and the next run goes on") {
  Library library;
  for (int i = 0; i < 40; ++i) {
    library.folder.write("file" + std::to_string(i) + ".md", "# File " + std::to_string(i) + "\n\nText.\n");
  }
  const auto workspace = library.open();
  std::stop_source source;
  const auto stop_after_ten = [&](const IngestProgress& progress) {
    if (progress.phase == IngestProgress::Phase::reading && progress.done == 10) source.request_stop();
  };
  const auto stopped =
      ingest(*workspace, {.folder = library.folder.path(), .collection = "lib"}, stop_after_ten, source.get_token());
  REQUIRE(stopped);
  CHECK(stopped->interrupted);
  CHECK(stopped->added == 10);
  CHECK(stopped->removed == 0);
  CHECK(library.ingest_all(*workspace).added == 30);
  CHECK(stamps(*workspace).size() == 40);
}

}  // namespace attune
