#include "store/fixture.hpp"

namespace attune {

namespace {

StoredStates some_states(std::int64_t chunk_id, std::size_t tokens, std::size_t width) {
  StoredStates states{.chunk_id = chunk_id, .scales = {}, .values = {}};
  for (std::size_t i = 0; i < tokens; ++i) states.scales.push_back(0.5F + static_cast<float>(i));
  for (std::size_t i = 0; i < tokens * width; ++i) states.values.push_back(static_cast<std::int8_t>(i % 255 - 127));
  return states;
}

struct StatesFixture : StoreFixture {
  std::int64_t collection = need(store->open_collection("c", "")).id;
  std::int64_t document = put(*store, written(collection, "a", "# Head\none\ntwo\nthree\n"));
  Ids ids = ids_of(need(store->chunks_of(document)));
};

}  // namespace

TEST_CASE_FIXTURE(StatesFixture, "token states: they come back bit for bit, for the chunks that have some") {
  const std::vector<StoredStates> put_in = {some_states(ids[0], 3, 4), some_states(ids[2], 1, 4)};
  const std::int64_t generation = need(store->generation());
  need(store->put_states("m", put_in, 4));
  CHECK(need(store->generation()) == generation);
  reopen();
  const auto found = need(store->states_of("m", Ids{ids[2], ids[1], ids[0], 999}));
  REQUIRE(found.size() == 2);
  CHECK(found[0].chunk_id == ids[2]);
  CHECK(found[1].scales == put_in[0].scales);
  CHECK(found[1].values == put_in[0].values);
  CHECK(need(store->states_of("other", ids)).empty());
  const StatesSize size = need(store->states_size("m"));
  CHECK(size.chunks == 2);
  CHECK(size.bytes == 4 * (4 + 4));
  const auto lacking = need(store->chunks_without_states("m", 0, 10));
  REQUIRE(lacking.size() == 1);
  CHECK(lacking[0].chunk_id == ids[1]);
  CHECK(lacking[0].text == "two");
}

TEST_CASE_FIXTURE(StatesFixture, "token states: they go with their chunk, and all together on request") {
  need(store->put_states("m", std::vector<StoredStates>{some_states(ids[0], 2, 4), some_states(ids[1], 2, 4)}, 4));
  put(*store, written(collection, "a", "# Head\none\nanother\n"));
  CHECK(need(store->states_size("m")).chunks == 1);
  CHECK(need(store->states_of("m", Ids{ids[0]})).size() == 1);
  CHECK(need(store->check()).empty());
  CHECK(need(store->remove_states()) == 1);
  CHECK(need(store->states_size("m")).bytes == 0);
}

TEST_CASE_FIXTURE(StatesFixture, "token states: what does not fit is refused, a chunk that is gone is skipped") {
  StoredStates crooked = some_states(ids[0], 2, 4);
  crooked.values.pop_back();
  CHECK(store->put_states("m", std::vector<StoredStates>{crooked}, 4).error().kind == ErrorKind::bad_input);
  StoredStates endless = some_states(ids[0], 2, 4);
  endless.scales[1] = std::numeric_limits<float>::infinity();
  CHECK(store->put_states("m", std::vector<StoredStates>{endless}, 4).error().kind == ErrorKind::bad_input);
  CHECK(store->put_states("m", std::vector<StoredStates>{some_states(ids[0], 2, 4)}, 0).error().kind ==
        ErrorKind::bad_input);
  need(store->put_states("m", std::vector<StoredStates>{some_states(999, 2, 4)}, 4));
  CHECK(need(store->states_size("m")).chunks == 0);
}

}  // namespace attune
