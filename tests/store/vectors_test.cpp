#include <cmath>
#include <limits>

#include "store/fixture.hpp"

namespace attune {

namespace {

struct VectorsFixture : StoreFixture {
  std::int64_t collection = need(store->open_collection("c", "")).id;
  std::int64_t document = put(*store, written(collection, "a", "# Head\none\ntwo\nthree\n"));
  Ids ids = ids_of(need(store->chunks_of(document)));

  std::vector<std::pair<std::int64_t, std::vector<float>>> all(std::string_view model) {
    std::vector<std::pair<std::int64_t, std::vector<float>>> found;
    need(store->for_each_vector(model, [&](std::int64_t id, std::span<const float> vector) {
      found.emplace_back(id, std::vector<float>(vector.begin(), vector.end()));
      return true;
    }));
    return found;
  }
};

}  // namespace

TEST_CASE_FIXTURE(VectorsFixture, "vectors: they come back bit for bit, by ascending id") {
  const float small = std::numeric_limits<float>::denorm_min();
  need(store->put_vectors("m", Ids{ids[2], ids[0]}, std::vector<float>{0.1F, -3, small, 1e30F}, 2));
  reopen();
  const auto found = all("m");
  REQUIRE(found.size() == 2);
  CHECK(found[0].first == ids[0]);
  CHECK(found[0].second == std::vector<float>{small, 1e30F});
  CHECK(found[1].second == std::vector<float>{0.1F, -3});
  CHECK(need(store->vector_ids("m")) == ChunkSet{ids[0], ids[2]});
  CHECK(all("other").empty());

  Ids visited;
  need(store->for_vectors_of("m", {ids[1], ids[2], 999}, [&](std::int64_t id, auto) { visited.push_back(id); }));
  CHECK(visited == Ids{ids[2]});
  int calls = 0;
  need(store->for_each_vector("m", [&](std::int64_t, auto) { return ++calls < 1; }));
  CHECK(calls == 1);
}

TEST_CASE_FIXTURE(VectorsFixture, "vectors: a chunk without one is known as pending") {
  CHECK(need(store->counts("m")).pending == 3);
  need(store->put_vectors("m", Ids{ids[1]}, std::vector<float>{1}, 1));
  const StoreCounts counts = need(store->counts("m"));
  CHECK(counts.collections == 1);
  CHECK(counts.documents == 1);
  CHECK(counts.chunks == 3);
  CHECK(counts.vectors == 1);
  CHECK(counts.pending == 2);
  CHECK(need(store->counts("other")).pending == 3);
  const auto pending = need(store->pending_chunks("m", 0, 10));
  REQUIRE(pending.size() == 2);
  CHECK(pending[0].chunk_id == ids[0]);
  CHECK(pending[0].title == "Title");
  CHECK(pending[0].heading == "Head");
  CHECK(pending[0].text == "one");
  CHECK(need(store->pending_chunks("m", ids[0], 10)).front().chunk_id == ids[2]);
  CHECK(need(store->pending_chunks("m", 0, 1)).size() == 1);
  CHECK(need(store->pending_chunks("other", 0, 10)).size() == 3);
}

TEST_CASE_FIXTURE(VectorsFixture, "vectors: those of another model are replaced") {
  need(store->put_vectors("m", ids, std::vector<float>{1, 2, 3}, 1));
  need(store->put_vectors("n", Ids{ids[0]}, std::vector<float>{1, 2}, 2));
  CHECK(need(store->vector_ids("m")) == ChunkSet{ids[1], ids[2]});
  CHECK(need(store->vector_ids("n")) == ChunkSet{ids[0]});
  CHECK(need(store->check()).empty());
}

TEST_CASE_FIXTURE(VectorsFixture, "vectors: what could not be true is refused") {
  const auto refused = [&](const Ids& chunks, const std::vector<float>& values, std::size_t dimension) {
    const Status status = store->put_vectors("m", chunks, values, dimension);
    return !status && status.error().kind == ErrorKind::bad_input;
  };
  need(store->put_vectors("m", Ids{ids[0]}, std::vector<float>{1, 0}, 2));
  CHECK(refused({ids[1]}, {1, 2, 3}, 2));
  CHECK(refused({ids[1]}, {1, 2, 3, 4}, 2));
  CHECK(refused({ids[1]}, {1, 2, 3}, 3));  // the model's dimension is 2
  CHECK(refused({ids[1]}, {}, 0));
  CHECK(refused({ids[1]}, {1, NAN}, 2));
  CHECK(refused({ids[1]}, {1, INFINITY}, 2));
  CHECK(refused({ids[1], ids[2]}, {1, 1, 0, 0}, 2));
  CHECK(need(store->vector_ids("m")) == ChunkSet{ids[0]});
}

TEST_CASE_FIXTURE(VectorsFixture, "vectors: chunks that were removed meanwhile are skipped") {
  const std::int64_t generation = need(store->generation());
  need(store->put_vectors("m", Ids{4711}, std::vector<float>{1}, 1));
  CHECK(need(store->generation()) == generation);
  need(store->put_vectors("m", Ids{4711, ids[1]}, std::vector<float>{1, 2}, 1));
  CHECK(need(store->vector_ids("m")) == ChunkSet{ids[1]});
  need(store->put_vectors("m", {}, {}, 1));
  CHECK(need(store->check()).empty());
}

}  // namespace attune
