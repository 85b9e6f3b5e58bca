// kill -9 at any moment: what was reported is there whole, and nothing else is torn.
#include <chrono>
#include <random>
#include <set>
#include <thread>

#include <signal.h>
#include <sys/wait.h>

#include "store/fixture.hpp"

namespace attune {

namespace {

// Runs in a child process until it is killed. Reports each document's number once the store said that it is in.
[[noreturn]] void write_documents(const std::filesystem::path& file, int first, int reports) {
  auto store = Store::open(file);
  if (!store) _exit(1);
  const auto collection = (*store)->open_collection("c", "");
  if (!collection) _exit(2);
  for (int number = first;; ++number) {
    const std::string name = std::to_string(number);
    const Written made = written(collection->id, name, "alpha" + name + " words\nbeta" + name + " words\ngamma\n");
    const auto id = (*store)->put_document(made.document, made.chunks, "crash");
    if (!id) _exit(3);
    const auto chunks = (*store)->chunks_of(*id);
    if (!chunks) _exit(4);
    std::vector<float> values;
    for (const Chunk& chunk : *chunks) values.push_back(static_cast<float>(chunk.id));
    if (!(*store)->put_vectors("m", ids_of(*chunks), values, 1)) _exit(5);
    // Removing and rewriting must survive as well.
    if (number % 3 == 0 && !(*store)->put_document(made.document, {}, "emptied")) _exit(6);
    if (number % 3 == 1 && !(*store)->put_document(made.document, made.chunks, "again")) _exit(7);
    if (write(reports, &number, sizeof number) != sizeof number) _exit(8);
  }
}

}  // namespace

TEST_CASE_FIXTURE(StoreFixture, "store: killed twenty times while writing, it loses and crosses nothing") {
  store.reset();
  std::mt19937 random(20);  // the moments differ all the same: the child's speed does
  std::set<int> reported;
  for (int round = 0; round < 20; ++round) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      write_documents(file, reported.empty() ? 0 : *reported.rbegin() + 1, ends[1]);
    }
    close(ends[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random() % 200));
    kill(child, SIGKILL);
    int number = 0;
    while (read(ends[0], &number, sizeof number) == sizeof number) reported.insert(number);
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));

    store = need(Store::open(file));
    CHECK(need(store->check()).empty());
    std::map<std::string, std::int64_t> there;
    for (const Collection& collection : need(store->collections())) {
      for (const DocumentStamp& stamp : need(store->stamps(collection.id))) there[stamp.path] = stamp.id;
    }
    for (const int known : reported) {
      const std::string name = std::to_string(known);
      REQUIRE_MESSAGE(there.contains(name), "document ", name, " was reported and is gone");
      const auto chunks = need(store->chunks_of(there[name]));
      REQUIRE(chunks.size() == (known % 3 == 0 ? 0 : 3));
      if (chunks.empty()) continue;
      CHECK(chunks[0].text == "alpha" + name + " words");
      CHECK(ids_of(need(store->search_words("alpha" + name, {}))) == Ids{chunks[0].id});
      std::vector<float> values;
      need(store->for_vectors_of("m", {chunks[0].id}, [&](std::int64_t, auto vector) { values = {vector[0]}; }));
      CHECK(values == std::vector<float>{static_cast<float>(chunks[0].id)});
    }
    store.reset();
  }
  CHECK(reported.size() > 20);
}

}  // namespace attune
