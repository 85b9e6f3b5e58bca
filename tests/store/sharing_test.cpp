// Readers beside a writer, threads and a second process's point of view (a second Store on the same file).
#include <atomic>
#include <thread>

#include <sqlite3.h>

#include "store/fixture.hpp"

namespace attune {

TEST_CASE_FIXTURE(StoreFixture, "store: readers beside a writer see each document whole or not at all") {
  const auto collection = need(store->open_collection("c", "")).id;
  const auto other = need(Store::open(file));
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  std::atomic<int> failed = 0;
  std::atomic<int> looked = 0;
  const auto look = [&](const Store& from) {
    while (!done) {
      const auto page = from.list_documents({}, 0, 1000);
      const auto hits = from.search_words("common", {.k = 1000});
      if (!page || !hits) {
        ++failed;
        continue;
      }
      for (const DocumentSummary& document : page->documents) torn += document.chunks == 3 ? 0 : 1;
      torn += hits->size() % 3 == 0 ? 0 : 1;
      ++looked;
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back([&] { look(*store); });
  readers.emplace_back([&] { look(*other); });
  for (int i = 0; i < 40; ++i) {
    const std::string name = std::to_string(i % 30);
    // In turn by both stores, as two processes would.
    Store& writer = i % 2 == 0 ? *store : *other;
    put(writer, written(collection, name, "common a" + std::to_string(i) + "\ncommon b\ncommon c" + name + "\n"));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(torn == 0);
  CHECK(failed == 0);
  CHECK(looked > 0);
  CHECK(need(store->check()).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "store: many threads may write") {
  const auto collection = need(store->open_collection("c", "")).id;
  std::atomic<int> failed = 0;
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const Written made = written(collection, std::to_string(t) + "/" + std::to_string(i), "some words\n");
        if (!store->put_document(made.document, made.chunks, "")) ++failed;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(failed == 0);
  CHECK(need(store->counts("m")).documents == 40);
  CHECK(need(store->check()).empty());
}

TEST_CASE_FIXTURE(StoreFixture, "store: a lock held past the time-out is unavailable, and reading goes on") {
  reopen({.busy_timeout_ms = 50});
  sqlite3* holder = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &holder) == SQLITE_OK);
  REQUIRE(sqlite3_exec(holder, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  CHECK(store->set_setting("a", "b").error().kind == ErrorKind::unavailable);
  CHECK(need(store->counts("m")).documents == 0);
  sqlite3_close(holder);
  need(store->set_setting("a", "b"));
}

TEST_CASE_FIXTURE(StoreFixture, "store: a visitor of vectors may call the store, and write") {
  const auto collection = need(store->open_collection("c", "")).id;
  const Ids ids = ids_of(need(store->chunks_of(put(*store, written(collection, "a", "one\ntwo\n")))));
  need(store->put_vectors("m", ids, std::vector<float>{1, 2}, 1));
  int visits = 0;
  need(store->for_each_vector("m", [&](std::int64_t id, std::span<const float>) {
    CHECK(need(store->chunks(Ids{id})).size() == 1);
    need(store->put_vectors("m", Ids{id}, std::vector<float>{7}, 1));
    return ++visits > 0;
  }));
  CHECK(visits == 2);
}

}  // namespace attune
