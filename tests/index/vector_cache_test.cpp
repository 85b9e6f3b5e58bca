#include "index/vector_cache.hpp"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include "attune/core/dot_product.hpp"
#include "attune/core/file.hpp"
#include "attune/index.hpp"

#include "index/clustered_vectors.hpp"
#include "index/fake_store.hpp"
#include "index/search_graph.hpp"
#include "temporary_folder.hpp"

namespace attune {
using attune::testing::ClusteredVectors;
using attune::testing::FakeStore;

namespace {

constexpr std::size_t kDimension = 32;
constexpr std::int64_t kChunks = 1'000;

VectorIndexOptions graph_from_the_first() {
  return {.exact_below = 1, .hnsw_search_width = 50, .exact_filter_below = 0, .build_threads = 1};
}

// A database with a graph that is all right, until a test damages it.
struct Case {
  explicit Case(unsigned seed = 1) : store(folder() / "a.db"), vectors(kDimension, 20, seed) {
    for (std::int64_t id = 1; id <= kChunks; ++id) store.put_vector(id, vectors.next());
    const auto index = VectorIndex::open(store, "m", kDimension, graph_from_the_first());
    REQUIRE(index);
    REQUIRE((*index)->rebuild());
    REQUIRE(check_vector_cache(store)->empty());
  }
  [[nodiscard]] std::filesystem::path file() const { return folder() / "a.db.faiss"; }
  [[nodiscard]] std::string bytes() const { return *read_file(file(), 1ULL << 30U); }
  void write(std::string_view content) const {
    std::ofstream(file(), std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
  }

  // Opens anew and checks that each answer is the one of a scan by hand, whatever happened to the file.
  VectorIndexState state_after_opening(bool expect_exact_answers = true) {
    const auto index = VectorIndex::open(store, "m", kDimension, graph_from_the_first());
    REQUIRE(index);
    for (int i = 0; i < 20; ++i) {
      const auto query = vectors.next();
      std::vector<ScoredChunk> truth;
      REQUIRE(store.for_each_vector("m", [&](std::int64_t id, std::span<const float> vector) {
        truth.push_back({id, dot_product(query, vector)});
        return true;
      }));
      const auto found = (*index)->search(query, 10);
      REQUIRE(found);
      CHECK(found->size() == 10);
      for (const auto& hit : *found) CHECK(std::ranges::find(truth, hit) != truth.end());
      std::sort(truth.begin(), truth.end(), [](const auto& left, const auto& right) {
        return left.score != right.score ? left.score > right.score : left.chunk_id < right.chunk_id;
      });
      truth.resize(10);
      if (expect_exact_answers) CHECK(*found == truth);
    }
    return (*index)->state();
  }

  [[nodiscard]] const std::filesystem::path& folder() const { return temporary.path(); }

  attune::testing::TemporaryFolder temporary;
  FakeStore store;
  ClusteredVectors vectors;
};

// The cache must be refused, the reason told, and a rebuild must heal it.
void expect_refused(Case& with, const std::string& reason) {
  const auto state = with.state_after_opening();
  CHECK(state.kind == VectorIndexKind::exact);
  CHECK(state.rebuild_wanted);
  INFO(state.reason);
  CHECK(state.reason.find(reason) != std::string::npos);
  const auto index = VectorIndex::open(with.store, "m", kDimension, graph_from_the_first());
  REQUIRE(index);
  REQUIRE((*index)->rebuild());
  CHECK(with.state_after_opening(false).kind == VectorIndexKind::hnsw);
  CHECK(check_vector_cache(with.store)->empty());
}

}  // namespace

TEST_CASE("vector cache: a file that the row vouches for is used, and is what FAISS itself would read") {
  Case good;
  const auto state = good.state_after_opening(false);
  CHECK(state.kind == VectorIndexKind::hnsw);
  CHECK_FALSE(state.rebuild_wanted);
  CHECK(state.reason.empty());
  const auto graph = SearchGraph::parse(good.bytes());
  REQUIRE(graph);
  CHECK((*graph)->size() == kChunks);
  CHECK((*graph)->serialize().value() == good.bytes());
}

TEST_CASE("vector cache: truncated files are refused") {
  for (const std::size_t keep : {std::size_t{0}, std::size_t{3}, std::size_t{50'000}}) {
    Case damaged;
    damaged.write(damaged.bytes().substr(0, keep));
    CHECK(check_vector_cache(damaged.store)->size() == 1);
    expect_refused(damaged, "not the one that the database vouches for");
  }
}

TEST_CASE("vector cache: a flipped bit anywhere is refused") {
  for (const double place : {0.0, 0.3, 0.6, 0.999}) {
    Case damaged;
    std::string bytes = damaged.bytes();
    char& byte = bytes[static_cast<std::size_t>(place * static_cast<double>(bytes.size()))];
    byte = static_cast<char>(byte ^ 1);
    damaged.write(bytes);
    CHECK(check_vector_cache(damaged.store)->size() == 1);
    expect_refused(damaged, "not the one that the database vouches for");
  }
}

TEST_CASE("vector cache: oversized and missing files are refused") {
  Case oversized;
  oversized.write(oversized.bytes() + std::string(64U << 20U, 'x'));
  expect_refused(oversized, "larger than");
  Case missing;
  std::filesystem::remove(missing.file());
  CHECK(check_vector_cache(missing.store)->size() == 1);
  expect_refused(missing, "missing");
  Case folder;
  std::filesystem::remove(folder.file());
  std::filesystem::create_directory(folder.file());
  CHECK(folder.state_after_opening().kind == VectorIndexKind::exact);
}

TEST_CASE("vector cache: another database's file is refused") {
  Case mine(1);
  const Case other(2);
  mine.write(other.bytes());
  CHECK(check_vector_cache(mine.store)->size() == 1);
  expect_refused(mine, "not the one that the database vouches for");
}

TEST_CASE("vector cache: a row of another model, dimension, count or of a later time is refused") {
  const auto with = [](auto change, const std::string& reason) {
    Case wrong;
    VectorCacheRow row = **wrong.store.vector_cache_row();
    change(row);
    wrong.store.set_row(row);
    expect_refused(wrong, reason);
  };
  with([](VectorCacheRow& row) { row.model = "another"; }, "another model");
  with([](VectorCacheRow& row) { row.dimension = 33; }, "another length");
  with([](VectorCacheRow& row) { row.count -= 1; }, "does not hold what the database says");
  with([](VectorCacheRow& row) { row.count = -1; }, "does not hold what the database says");
  with([](VectorCacheRow& row) { row.generation += 1'000'000; }, "newer than the database");
}

TEST_CASE("vector cache: an older generation is brought up to date: no chunk is lost, none that went is answered") {
  Case older;
  for (std::int64_t id = 1; id <= 100; ++id) older.store.drop_vector(id * 2);
  for (std::int64_t id = 1; id <= 50; ++id) older.store.put_vector(kChunks + id, older.vectors.next());
  for (std::int64_t id = 1; id <= 30; ++id) older.store.put_vector(500 + id, older.vectors.next());
  const auto state = older.state_after_opening(false);
  CHECK(state.kind == VectorIndexKind::hnsw);
  CHECK(state.vectors == kChunks - 50);
  CHECK(state.tombstones == 130);
  CHECK(state.beside_graph == 80);
  CHECK_FALSE(state.rebuild_wanted);
  CHECK(check_vector_cache(older.store)->empty());
}

TEST_CASE("vector cache: without a row, a file that lies there is not used") {
  Case orphan;
  orphan.store.set_row(std::nullopt);
  CHECK(check_vector_cache(orphan.store)->size() == 1);
  expect_refused(orphan, "no search graph has been built yet");
}

TEST_CASE("vector cache: the check finds a vector that sits under another chunk's id") {
  Case crossed;
  const auto before = crossed.store.generation().value();
  crossed.store.put_vector(5, crossed.vectors.next());
  CHECK(check_vector_cache(crossed.store)->empty());  // made anew since: no fault
  VectorCacheRow row = **crossed.store.vector_cache_row();
  CHECK(row.generation == before);
  row.generation = crossed.store.generation().value();
  crossed.store.set_row(row);
  const auto faults = check_vector_cache(crossed.store);
  REQUIRE(faults->size() == 1);
  CHECK(faults->front().find("1 of its vectors") != std::string::npos);
  CHECK(crossed.state_after_opening(false).kind == VectorIndexKind::hnsw);  // and it is never answered
}

TEST_CASE("vector cache: a process killed between the rename and the row leaves a file that is refused") {
  Case killed;
  killed.store.put_vector(kChunks + 1, killed.vectors.next());
  const std::string old_bytes = killed.bytes();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // Dies where the row would be written.
    struct DyingStore : FakeStore {
      using FakeStore::FakeStore;
      Status set_vector_cache_row(const VectorCacheRow&) override { ::_exit(7); }
    };
    DyingStore store(killed.folder() / "a.db");
    const auto visited = killed.store.for_each_vector("m", [&](std::int64_t id, std::span<const float> vector) {
      store.put_vector(id, std::vector(vector.begin(), vector.end()));
      return true;
    });
    const auto index = VectorIndex::open(store, "m", kDimension, graph_from_the_first());
    if (visited && index) static_cast<void>((*index)->rebuild());
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 7);
  CHECK(killed.bytes() != old_bytes);
  CHECK(check_vector_cache(killed.store)->size() == 1);
  expect_refused(killed, "not the one that the database vouches for");
}

TEST_CASE("vector cache: a graph that could not be written is in use all the same, and the failure is told") {
  Case unwritable;
  FakeStore store(unwritable.folder() / "no-such-folder" / "a.db");
  for (std::int64_t id = 1; id <= kChunks; ++id) store.put_vector(id, unwritable.vectors.next());
  const auto index = VectorIndex::open(store, "m", kDimension, graph_from_the_first());
  REQUIRE(index);
  const auto status = (*index)->rebuild();
  REQUIRE_FALSE(status);
  CHECK(status.error().text.find("writing the search graph") != std::string::npos);
  CHECK((*index)->state().kind == VectorIndexKind::hnsw);
}

TEST_CASE("search graph: bytes that are no graph of ours are corrupt, never a crash") {
#if defined(__SANITIZE_ADDRESS__)
  // FAISS loses what it had allocated when a read fails. Files are parsed only after their hash was found right.
  const __lsan::ScopedDisabler faiss_leaks;
#endif
  const Case good;
  const std::string bytes = good.bytes();
  CHECK(SearchGraph::parse("").error().kind == ErrorKind::corrupt);
  CHECK(SearchGraph::parse("IxMp").error().kind == ErrorKind::corrupt);
  CHECK(SearchGraph::parse("hello, this is text and no index").error().kind == ErrorKind::corrupt);
  for (std::size_t keep = 1; keep < bytes.size(); keep += bytes.size() / 40) {
    CHECK(SearchGraph::parse(std::string_view(bytes).substr(0, keep)).error().kind == ErrorKind::corrupt);
  }
}

}  // namespace attune
