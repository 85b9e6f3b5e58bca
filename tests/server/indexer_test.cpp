#include "server/indexer.hpp"

#include <atomic>
#include <map>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "server/http_fixture.hpp"
#include "server/unfinished.hpp"

namespace attune::server {
namespace {

using testing::eventually;

// Steps that only count, and wait where a test wants them to.
struct Steps {
  std::atomic<bool> hold_words = false;
  std::atomic<bool> hold_vectors = false;
  std::atomic<int> words = 0;
  std::atomic<int> vectors_begun = 0;
  std::atomic<int> vectors_done = 0;
  std::atomic<std::int64_t> generation = 1;
  std::mutex mutex;
  std::string kept;

  std::string load_kept() {
    const std::scoped_lock lock(mutex);
    return kept;
  }

  IndexerSteps make() {
    IndexerSteps steps;
    steps.ingest = [this](const IngestRequest& request, const IngestProgressSink& progress,
                          std::stop_token stop) -> Result<IngestReport> {
      progress({IngestProgress::Phase::reading, 1, 2, "a.md"});
      while (hold_words && !stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      if (request.folder == "/broken") return Error{ErrorKind::not_found, "the folder is gone"};
      ++words;
      IngestReport report;
      report.collection = "made";
      report.interrupted = stop.stop_requested();
      return report;
    };
    steps.embed_pending = [this](const IngestProgressSink& progress, std::stop_token stop) -> Result<std::uint64_t> {
      ++vectors_begun;
      progress({IngestProgress::Phase::embedding, 3, 9, ""});
      while (hold_vectors && !stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
      if (!stop.stop_requested()) ++vectors_done;
      return std::uint64_t{0};
    };
    steps.rebuild_where_wanted = [](std::stop_token) { return Status(); };
    steps.refresh_vectors = [] {};
    steps.generation = [this] { return Result<std::int64_t>(generation.load()); };
    steps.save_unfinished = [this](const std::string& text) {
      const std::scoped_lock lock(mutex);
      kept = text;
    };
    steps.may_index = [](const std::filesystem::path& path) { return path != "/no-longer"; };
    steps.load_unfinished = [this] { return load_kept(); };
    return steps;
  }
};

IngestRequest folder(const std::string& path) {
  IngestRequest request;
  request.folder = path;
  return request;
}

}  // namespace

TEST_CASE("indexer: a job is over when its words and its vectors are there") {
  Steps steps;
  Indexer indexer(steps.make(), 4, true);
  const auto job = indexer.submit(folder("/notes"));
  REQUIRE(job);
  CHECK(eventually([&] { return indexer.job(job->id)->state == JobState::done; }));
  CHECK(indexer.job(job->id)->words_ready);
  CHECK(job_to_json(*indexer.job(job->id))["collection"] == "made");
  CHECK(steps.vectors_done >= 1);
}

TEST_CASE("indexer: words come first: a new folder interrupts the vectors, which go on afterwards") {
  Steps steps;
  steps.hold_vectors = true;
  Indexer indexer(steps.make(), 4, true);
  REQUIRE(eventually([&] { return steps.vectors_begun == 1; }));
  CHECK(indexer.background().state == "vectors");
  CHECK(indexer.background().total == 9);
  const auto job = indexer.submit(folder("/notes"));
  REQUIRE(eventually([&] { return indexer.job(job->id)->words_ready; }));
  CHECK(indexer.job(job->id)->state == JobState::running);
  REQUIRE(eventually([&] { return steps.vectors_begun == 2; }));
  steps.hold_vectors = false;
  CHECK(eventually([&] { return indexer.job(job->id)->state == JobState::done; }));
}

TEST_CASE("indexer: a folder that is gone fails its job with the reason, and the next job runs") {
  Steps steps;
  Indexer indexer(steps.make(), 4, true);
  const auto broken = indexer.submit(folder("/broken"));
  const auto good = indexer.submit(folder("/notes"));
  CHECK(eventually([&] { return indexer.job(good->id)->state == JobState::done; }));
  CHECK(indexer.job(broken->id)->state == JobState::failed);
  CHECK(job_to_json(*indexer.job(broken->id))["error"]["message"] == "the folder is gone");
}

TEST_CASE("indexer: waiting and running jobs can be cancelled, jobs that are over cannot") {
  Steps steps;
  steps.hold_words = true;
  Indexer indexer(steps.make(), 4, true);
  const auto running = indexer.submit(folder("/a"));
  const auto waiting = indexer.submit(folder("/b"));
  REQUIRE(eventually([&] { return indexer.job(running->id)->state == JobState::running; }));
  CHECK(indexer.cancel(waiting->id)->state == JobState::cancelled);
  CHECK(indexer.cancel(running->id)->state == JobState::cancelled);
  CHECK(eventually([&] { return steps.words == 1; }));
  CHECK(indexer.job(running->id)->state == JobState::cancelled);
  CHECK(indexer.cancel(running->id).error().kind == ErrorKind::conflict);
  CHECK(indexer.cancel(99).error().kind == ErrorKind::not_found);
}

TEST_CASE("indexer: the queue is bounded") {
  Steps steps;
  steps.hold_words = true;
  Indexer indexer(steps.make(), 2, true);
  const auto first = indexer.submit(folder("/a"));
  REQUIRE(eventually([&] { return indexer.job(first->id)->state == JobState::running; }));
  CHECK(indexer.submit(folder("/b")));
  CHECK(indexer.submit(folder("/c")));
  CHECK(indexer.submit(folder("/d")).error().kind == ErrorKind::unavailable);
}

TEST_CASE("indexer: what a stop interrupts is taken up by the next start") {
  Steps steps;
  steps.hold_words = true;
  {
    Indexer indexer(steps.make(), 4, true);
    auto request = folder("/notes");
    request.scan.exclude = {"drafts/**"};
    const auto job = indexer.submit(request);
    REQUIRE(indexer.submit(folder("/later")));
    REQUIRE(eventually([&] { return indexer.job(job->id)->state == JobState::running; }));
    indexer.stop();
    CHECK_FALSE(indexer.submit(folder("/too-late")));
  }
  steps.hold_words = false;
  steps.words = 0;
  Indexer again(steps.make(), 4, true);
  CHECK(eventually([&] { return steps.words == 2; }));
  REQUIRE(again.jobs().size() == 2);
  CHECK(again.jobs()[1].request.folder == "/notes");
  CHECK(again.jobs()[1].request.scan.exclude == std::vector<std::string>{"drafts/**"});
  CHECK(eventually([&] { return steps.load_kept().empty(); }));
}

TEST_CASE("indexer: an unfinished job whose folder is no longer permitted is dropped") {
  Steps steps;
  steps.kept = unfinished_to_json({folder("/no-longer"), folder("/notes")});
  Indexer indexer(steps.make(), 4, true);
  REQUIRE(indexer.jobs().size() == 1);
  CHECK(indexer.jobs()[0].request.folder == "/notes");
}

TEST_CASE("unfinished: a list that cannot be read gives what can be") {
  CHECK(unfinished_from_json("").empty());
  CHECK(unfinished_from_json("{}").empty());
  CHECK(unfinished_from_json("[1,{\"folder\":2}]").empty());
  CHECK(unfinished_to_json({}).empty());
}

}  // namespace attune::server
