#include <atomic>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "attune/core/dot_product.hpp"
#include "attune/index.hpp"

#include "index/clustered_vectors.hpp"
#include "index/fake_store.hpp"
#include "temporary_folder.hpp"

namespace attune {
using attune::testing::ClusteredVectors;
using attune::testing::FakeStore;
using attune::testing::TemporaryFolder;

namespace {

constexpr std::size_t kDimension = 64;

// What the answer must be: every vector of the store scored by itself.
std::vector<ScoredChunk> by_hand(const FakeStore& store, std::span<const float> query, std::size_t k,
                                 const ChunkSet* allowed = nullptr) {
  std::vector<ScoredChunk> all;
  const auto visited = store.for_each_vector("m", [&](std::int64_t id, std::span<const float> vector) {
    if (allowed == nullptr || std::binary_search(allowed->begin(), allowed->end(), id)) {
      all.push_back({id, dot_product(query, vector)});
    }
    return true;
  });
  REQUIRE(visited);
  std::sort(all.begin(), all.end(), [](const auto& left, const auto& right) {
    return left.score != right.score ? left.score > right.score : left.chunk_id < right.chunk_id;
  });
  all.resize(std::min(k, all.size()));
  return all;
}

struct Recall {
  double share = 0;
  bool scores_exact = true;  // every answer carries the very bits of the scan, and is allowed
};

Recall recall_at_10(const FakeStore& store, const VectorIndex& index, const ChunkSet* allowed = nullptr) {
  ClusteredVectors questions(kDimension, 100, 5);  // the same centres as the collection's, other points
  Recall recall;
  std::size_t met = 0;
  std::size_t all = 0;
  for (int i = 0; i < 100; ++i) {
    const auto query = questions.next();
    const auto truth = by_hand(store, query, 10, allowed);
    const auto found = index.search(query, 10, allowed);
    REQUIRE(found);
    recall.scores_exact = recall.scores_exact && found->size() == truth.size();
    for (const auto& hit : *found) {
      const bool in_truth = std::ranges::find(truth, hit) != truth.end();
      if (in_truth) ++met;
      if (!in_truth) {
        const auto vector = index.vectors_of(std::vector{hit.chunk_id});
        REQUIRE(vector);
        const bool passes = allowed == nullptr || std::binary_search(allowed->begin(), allowed->end(), hit.chunk_id);
        recall.scores_exact = recall.scores_exact && passes && hit.score == dot_product(query, *vector);
      }
    }
    all += truth.size();
  }
  recall.share = static_cast<double>(met) / static_cast<double>(all);
  return recall;
}

VectorIndexOptions always_graph() {
  return {.exact_below = 0, .exact_filter_below = 0, .build_threads = 1};
}

}  // namespace

TEST_CASE("index: few vectors are scanned exactly, ties break by ascending id, and a filter is obeyed") {
  FakeStore store;
  store.put_vector(9, {1, 0});
  store.put_vector(4, {1, 0});
  store.put_vector(7, {0.6F, 0.8F});
  store.put_vector(2, {0, 1});
  const auto index = VectorIndex::open(store, "m", 2);
  REQUIRE(index);
  const std::vector<float> query = {1, 0};
  CHECK(*(*index)->search(query, 3) == std::vector<ScoredChunk>{{4, 1.0F}, {9, 1.0F}, {7, 0.6F}});
  const ChunkSet allowed = {2, 7, 100};
  CHECK(*(*index)->search(query, 10, &allowed) == std::vector<ScoredChunk>{{7, 0.6F}, {2, 0.0F}});
  const ChunkSet nobody;
  CHECK((*index)->search(query, 10, &nobody)->empty());
  CHECK((*index)->search(query, 0)->empty());
  CHECK((*index)->search(query, std::numeric_limits<std::size_t>::max())->size() == 4);
  const auto state = (*index)->state();
  CHECK(state.kind == VectorIndexKind::exact);
  CHECK(state.vectors == 4);
  CHECK_FALSE(state.rebuild_wanted);
  CHECK(state.reason.empty());
}

TEST_CASE("index: an empty database answers nothing and wants no rebuild") {
  FakeStore store;
  for (const std::size_t exact_below : {std::size_t{0}, std::size_t{50'000}}) {
    const auto index = VectorIndex::open(store, "m", 2, {.exact_below = exact_below});
    REQUIRE(index);
    CHECK((*index)->search(std::vector<float>{1, 0}, 5)->empty());
    CHECK((*index)->rebuild());
    CHECK_FALSE((*index)->state().rebuild_wanted);
  }
}

TEST_CASE("index: a query of another length or with a number that is not finite is refused") {
  FakeStore store;
  store.put_vector(1, {1, 0});
  const auto index = VectorIndex::open(store, "m", 2);
  REQUIRE(index);
  CHECK((*index)->search(std::vector<float>{1, 0, 0}, 5).error().kind == ErrorKind::bad_input);
  CHECK((*index)->search(std::vector<float>{1, std::nanf("")}, 5).error().kind == ErrorKind::bad_input);
}

TEST_CASE("index: stored vectors that are no vectors are never found, and state says so") {
  FakeStore store;
  store.put_vector(1, {0, 0});
  store.put_vector(2, {1, std::numeric_limits<float>::infinity()});
  store.put_vector(3, {1, 0, 0});
  store.put_vector(4, {0, 1});
  const auto index = VectorIndex::open(store, "m", 2);
  REQUIRE(index);
  CHECK(*(*index)->search(std::vector<float>{1, 0}, 10) == std::vector<ScoredChunk>{{4, 0.0F}});
  CHECK((*index)->state().vectors == 1);
  CHECK((*index)->state().reason.find("3 stored vectors are damaged") != std::string::npos);
  CHECK((*index)->vectors_of(std::vector<std::int64_t>{1}).error().kind == ErrorKind::not_found);
}

TEST_CASE("index: refresh takes over vectors added, removed and made anew") {
  FakeStore store;
  store.put_vector(1, {1, 0});
  store.put_vector(2, {0, 1});
  const auto index = VectorIndex::open(store, "m", 2);
  REQUIRE(index);
  store.put_vector(3, {0.8F, 0.6F});
  store.drop_vector(1);
  store.put_vector(2, {0.6F, 0.8F});
  const std::vector<float> query = {1, 0};
  CHECK((*index)->search(query, 10)->front().chunk_id == 1);  // not before
  REQUIRE((*index)->refresh());
  CHECK(*(*index)->search(query, 10) == std::vector<ScoredChunk>{{3, 0.8F}, {2, 0.6F}});
  CHECK(*(*index)->vectors_of(std::vector<std::int64_t>{3, 2, 3}) ==
        std::vector<float>{0.8F, 0.6F, 0.6F, 0.8F, 0.8F, 0.6F});
}

TEST_CASE("index: a score has the same bits wherever its vector lies and whatever its length") {
  ClusteredVectors vectors(67, 3, 11);
  const auto left = vectors.next();
  const auto right = vectors.next();
  const float score = dot_product(left, right);
  std::vector<float> shifted(3, 0.0F);
  shifted.insert(shifted.end(), right.begin(), right.end());
  CHECK(dot_product(left, std::span(shifted).subspan(3)) == score);
  double exact = 0;
  for (std::size_t i = 0; i < left.size(); ++i) exact += static_cast<double>(left[i]) * right[i];
  CHECK(score == doctest::Approx(exact).epsilon(1e-5));
  for (std::size_t length = 0; length < 18; ++length) {
    const std::vector<float> ones(length, 1.0F);
    CHECK(dot_product(ones, ones) == static_cast<float>(length));
  }
}

TEST_CASE("index: HNSW on 10,000 chunks finds 97 of 100 of the ten nearest, also after deletions and under filters") {
  const TemporaryFolder folder;
  FakeStore store(folder.path() / "a.db");
  ClusteredVectors vectors(kDimension, 100, 5);
  for (std::int64_t id = 1; id <= 10'000; ++id) store.put_vector(id * 3, vectors.next());
  const auto opened = VectorIndex::open(store, "m", kDimension, always_graph());
  REQUIRE(opened);
  VectorIndex& index = **opened;
  CHECK(index.state().rebuild_wanted);
  REQUIRE(index.rebuild());
  CHECK(index.state().kind == VectorIndexKind::hnsw);
  CHECK_FALSE(index.state().rebuild_wanted);

  ChunkSet wide;
  ChunkSet middle;
  ChunkSet narrow;
  for (std::int64_t id = 1; id <= 10'000; ++id) {
    if (id % 2 == 0) wide.push_back(id * 3);
    if (id % 7 == 0) middle.push_back(id * 3);
    if (id % 500 == 0) narrow.push_back(id * 3);
  }
  const auto bar = [&](const std::string& what, const ChunkSet* allowed) {
    const Recall recall = recall_at_10(store, index, allowed);
    MESSAGE(what << ": recall@10 " << recall.share);
    CHECK(recall.share >= 0.97);
    CHECK(recall.scores_exact);
  };
  bar("all", nullptr);
  bar("half allowed", &wide);
  bar("one in seven allowed", &middle);
  bar("twenty allowed", &narrow);

  for (std::int64_t id = 1; id <= 10'000; ++id) {
    if (id % 5 == 1) store.drop_vector(id * 3);
  }
  REQUIRE(index.refresh());
  CHECK(index.state().tombstones == 2'000);
  CHECK(index.state().vectors == 8'000);
  bar("a fifth deleted", nullptr);
  bar("a fifth deleted, half allowed", &wide);
  bar("a fifth deleted, twenty allowed", &narrow);

  for (std::int64_t id = 1; id <= 500; ++id) store.put_vector(100'000 + id, vectors.next());
  for (std::int64_t id = 2; id <= 1'000; id += 5) store.put_vector(id * 3, vectors.next());
  REQUIRE(index.refresh());
  CHECK(index.state().beside_graph == 700);
  CHECK(index.state().tombstones == 2'200);
  CHECK(index.state().rebuild_wanted);  // more than a fifth of the graph is dead
  bar("with additions and vectors made anew", nullptr);
  REQUIRE(index.rebuild());
  CHECK_FALSE(index.state().rebuild_wanted);
  CHECK(index.state().beside_graph == 0);
  CHECK(index.state().tombstones == 0);
  bar("built anew", nullptr);
}

TEST_CASE("index: more answers than the walk is wide are still all found") {
  const TemporaryFolder folder;
  FakeStore store(folder.path() / "a.db");
  ClusteredVectors vectors(kDimension, 20, 3);
  for (std::int64_t id = 1; id <= 3'000; ++id) store.put_vector(id, vectors.next());
  const auto index = VectorIndex::open(
      store, "m", kDimension, {.exact_below = 0, .hnsw_search_width = 8, .exact_filter_below = 0, .build_threads = 1});
  REQUIRE(index);
  REQUIRE((*index)->rebuild());
  const auto query = vectors.next();
  for (const std::size_t k : {1U, 10U, 100U, 1'000U, 2'999U, 3'000U, 5'000U}) {
    const auto found = (*index)->search(query, k);
    REQUIRE(found);
    CHECK(found->size() == std::min<std::size_t>(k, 3'000));
    std::set<std::int64_t> distinct;
    for (const auto& hit : *found) distinct.insert(hit.chunk_id);
    CHECK(distinct.size() == found->size());
  }
}

TEST_CASE("index: a rebuild can be stopped and leaves the index as it was") {
  const TemporaryFolder folder;
  FakeStore store(folder.path() / "a.db");
  ClusteredVectors vectors(kDimension, 20, 3);
  for (std::int64_t id = 1; id <= 2'000; ++id) store.put_vector(id, vectors.next());
  const auto index = VectorIndex::open(store, "m", kDimension, always_graph());
  REQUIRE(index);
  std::stop_source stop;
  stop.request_stop();
  CHECK((*index)->rebuild(stop.get_token()).error().kind == ErrorKind::cancelled);
  CHECK((*index)->state().kind == VectorIndexKind::exact);
  CHECK((*index)->state().rebuild_wanted);
  const auto query = vectors.next();
  CHECK(*(*index)->search(query, 10) == by_hand(store, query, 10));
}

TEST_CASE("index: searches go on while the graph is rebuilt and the store changes") {
  const TemporaryFolder folder;
  FakeStore store(folder.path() / "a.db");
  ClusteredVectors vectors(kDimension, 20, 3);
  for (std::int64_t id = 1; id <= 2'000; ++id) store.put_vector(id, vectors.next());
  const auto index = VectorIndex::open(store, "m", kDimension, always_graph());
  REQUIRE(index);
  const auto query = vectors.next();
  std::atomic<bool> done = false;
  std::atomic<int> answered = 0;
  std::thread searcher([&] {
    while (!done) {
      const auto found = (*index)->search(query, 10);
      if (found && found->size() == 10 && (*index)->state().vectors >= 2'000) ++answered;
      std::this_thread::yield();
    }
  });
  REQUIRE((*index)->rebuild());
  for (std::int64_t id = 1; id <= 20; ++id) {
    store.put_vector(5'000 + id, vectors.next());
    REQUIRE((*index)->refresh());
  }
  done = true;
  searcher.join();
  CHECK(answered > 0);
  CHECK((*index)->state().vectors == 2'020);
}

}  // namespace attune
