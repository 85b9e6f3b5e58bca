// What is kept of conversations, and when it goes.
#include "store/fixture.hpp"

namespace attune {
namespace {

using Turns = std::vector<std::string>;

void add(Store& store, std::string_view id, const Turns& turns, const TurnKeeping& keeping) {
  need(store.add_turns(id, turns, keeping));
}

}  // namespace

TEST_CASE_FIXTURE(StoreFixture, "conversations: turns come back in order, each its own, also after a restart") {
  CHECK(need(store->turns_of("a", {.now = 101})).empty());
  const auto generation = need(store->generation());
  add(*store, "a", {"one", "two"}, {.now = 100});
  add(*store, "b", {"other"}, {.now = 100});
  add(*store, "a", {"three", ""}, {.now = 101});
  reopen();
  CHECK(need(store->turns_of("a", {.now = 101})) == Turns{"one", "two", "three", ""});
  CHECK(need(store->turns_of("b", {.now = 101})) == Turns{"other"});
  CHECK(need(store->generation()) == generation);
  CHECK(need(store->remove_conversation("a")));
  CHECK_FALSE(need(store->remove_conversation("a")));
  CHECK(need(store->turns_of("a", {.now = 101})).empty());
  CHECK(need(store->turns_of("b", {.now = 101})) == Turns{"other"});
}

TEST_CASE_FIXTURE(StoreFixture, "conversations: what nobody went on with, and what is too much, goes") {
  add(*store, "old", {"x"}, {.now = 100, .seconds = 50});
  add(*store, "young", {"y"}, {.now = 149, .seconds = 50});
  CHECK(need(store->turns_of("old", {.now = 149, .seconds = 50})) == Turns{"x"});
  CHECK(need(store->turns_of("old", {.now = 150, .seconds = 50})).empty());  // though nobody has written since
  add(*store, "young", {"z"}, {.now = 150, .seconds = 50});
  CHECK(need(store->turns_of("old", {.now = 149, .seconds = 50})).empty());
  CHECK(need(store->turns_of("young", {.now = 149, .seconds = 50})) == Turns{"y", "z"});
  add(*store, "young", {"1", "2", "3"}, {.now = 151, .turns = 4});
  CHECK(need(store->turns_of("young", {.now = 149, .seconds = 50})) == Turns{"z", "1", "2", "3"});
  add(*store, "newest", {"n"}, {.now = 152, .conversations = 1});
  CHECK(need(store->turns_of("young", {.now = 149, .seconds = 50})).empty());
  CHECK(need(store->turns_of("newest", {.now = 149, .seconds = 50})) == Turns{"n"});
}

}  // namespace attune
