// The file itself: whose it is, how old it is, what is broken in it.
#include <fstream>

#include <sqlite3.h>
#include <sys/stat.h>

#include "store/fixture.hpp"
#include "store/schema.hpp"
#include "store/words.hpp"

namespace attune {

namespace {

using store::Connection;
using store::Migration;

struct DatabaseFile {
  TemporaryDirectory directory;
  std::filesystem::path path = directory.path() / "a.db";

  // Changes the file behind the store's back.
  void execute(const std::string& sql) const {
    Connection connection(path.string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 1000);
    store::register_words(connection);
    connection.execute(sql.c_str());
  }
  [[nodiscard]] ErrorKind refusal() const {
    const auto store = Store::open(path);
    return store ? ErrorKind::internal : store.error().kind;
  }
};

struct StoredFile : DatabaseFile {
  StoredFile() {
    const auto store = need(Store::open(path));
    const auto collection = need(store->open_collection("c", "")).id;
    const auto id = put(*store, written(collection, "a", "one line\ntwo lines\n"));
    need(store->put_vectors("m", ids_of(need(store->chunks_of(id))), std::vector<float>{1, 2, 3, 4}, 2));
  }
  [[nodiscard]] std::vector<std::string> faults_after(const std::string& sql) const {
    execute("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;" + sql);
    return need(need(Store::open(path))->check());
  }
};

}  // namespace

TEST_CASE("store: a file that is no database, or another program's, is corrupt and stays as it is") {
  DatabaseFile file;
  std::ofstream(file.path)
      << "This is a letter to my mother, and no database at all. It is long enough to have a head.";
  const std::string before = need(read_file(file.path, 1000));
  CHECK(file.refusal() == ErrorKind::corrupt);
  CHECK(need(read_file(file.path, 1000)) == before);

  DatabaseFile foreign;
  foreign.execute("CREATE TABLE bookmark (url TEXT); PRAGMA user_version = 1;");
  const std::string foreign_before = need(read_file(foreign.path, 100'000));
  CHECK(foreign.refusal() == ErrorKind::corrupt);
  CHECK(need(read_file(foreign.path, 100'000)) == foreign_before);
}

TEST_CASE("store: a file of a newer program is unsupported, with a sentence that says so") {
  StoredFile file;
  file.execute("PRAGMA user_version = 99");
  const auto store = Store::open(file.path);
  REQUIRE_FALSE(store.has_value());
  CHECK(store.error().kind == ErrorKind::unsupported);
  CHECK(store.error().text.find("newer") != std::string::npos);
}

TEST_CASE("store: an empty file and a file of version 0 become current") {
  DatabaseFile empty;
  std::ofstream(empty.path).flush();
  CHECK(need(need(Store::open(empty.path))->check()).empty());

  DatabaseFile old;
  old.execute("PRAGMA application_id = " + std::to_string(store::kApplicationId) +
              "; CREATE TABLE unfinished (a); "
              "DROP TABLE unfinished;");
  CHECK(need(need(Store::open(old.path))->check()).empty());
}

TEST_CASE("store: a database of the first version keeps what it holds and gains what later ones have") {
  StoredFile file;
  file.execute("DROP TABLE token_states; DROP TABLE turn; PRAGMA user_version = 1");
  const auto store = need(Store::open(file.path));
  CHECK(need(store->check()).empty());
  CHECK(need(store->counts("m")).chunks > 0);
  CHECK(need(store->states_size("m")).chunks == 0);
  CHECK(need(store->turns_of("c", {})).empty());
}

TEST_CASE("store: the folder of a new database is made") {
  TemporaryDirectory directory;
  CHECK(Store::open(directory.path() / "x" / "y" / "a.db").has_value());
}

TEST_CASE("store: migrations run one by one, and a failed one leaves the version before it") {
  DatabaseFile file;
  Connection connection(file.path.string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 1000);
  const Migration first{"CREATE TABLE a (x); INSERT INTO a VALUES (1);"};
  store::migrate(connection, std::vector<Migration>{first});
  CHECK(connection.integer("PRAGMA user_version") == 1);
  const Migration second{"ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1;"};
  const Migration broken{"INSERT INTO a (x) VALUES (5); INSERT INTO nowhere VALUES (1);"};
  CHECK_THROWS_AS(store::migrate(connection, std::vector<Migration>{first, second, broken}), store::StoreFailure);
  CHECK(connection.integer("PRAGMA user_version") == 2);
  CHECK(connection.integer("SELECT y FROM a") == 2);
  CHECK(connection.integer("SELECT count(*) FROM a") == 1);
  store::migrate(connection, std::vector<Migration>{first, second});
  CHECK(connection.integer("SELECT count(*) FROM a") == 1);
}

TEST_CASE("store: a truncated or overwritten file is an error or a fault, never a wrong answer") {
  StoredFile file;
  const auto size = std::filesystem::file_size(file.path);
  std::filesystem::resize_file(file.path, size / 2);
  const auto store = Store::open(file.path);
  if (store) {
    const auto faults = (*store)->check();
    CHECK((!faults || !faults->empty()));
  } else {
    CHECK(store.error().kind == ErrorKind::corrupt);
  }
}

TEST_CASE("store: check() names each kind of fault") {
  const auto found = [](const std::vector<std::string>& faults, std::string_view words) {
    return std::any_of(faults.begin(), faults.end(),
                       [words](const std::string& fault) { return fault.find(words) != std::string::npos; });
  };
  CHECK(StoredFile().faults_after("").empty());
  CHECK(found(StoredFile().faults_after("DELETE FROM postings WHERE rowid = 1"), "cannot be found by its words"));
  CHECK(found(StoredFile().faults_after("DELETE FROM chunk WHERE id = 2"), "which is gone"));
  CHECK(found(StoredFile().faults_after("DELETE FROM document"), "missing row of document"));
  CHECK(found(StoredFile().faults_after("DELETE FROM content"), "has no text"));
  CHECK(found(StoredFile().faults_after("UPDATE chunk SET span_start = 1 WHERE id = 1"), "does not quote"));
  CHECK(found(StoredFile().faults_after("UPDATE chunk SET span_end = 1000 WHERE id = 1"), "does not quote"));
  CHECK(found(StoredFile().faults_after("UPDATE chunk SET text = 'two limes' WHERE id = 2"), "does not quote"));
  CHECK(found(StoredFile().faults_after("UPDATE chunk SET ordinal = 5 WHERE id = 2"), "numbered"));
  CHECK(found(StoredFile().faults_after("UPDATE content SET blocks = '[[9]]'"), "structure"));
  CHECK(found(StoredFile().faults_after("UPDATE content SET blocks = '{'"), "structure"));
  CHECK(found(StoredFile().faults_after("UPDATE vector SET value = zeroblob(8) WHERE chunk_id = 1"), "vector"));
  CHECK(found(StoredFile().faults_after("UPDATE vector SET value = x'0000803f' WHERE chunk_id = 1"), "vector"));
  CHECK(found(StoredFile().faults_after("UPDATE vector SET value = x'0000c07f0000803f' WHERE chunk_id = 1"), "vector"));
  CHECK(found(StoredFile().faults_after("DELETE FROM state"), "generation"));
  CHECK(found(StoredFile().faults_after("UPDATE postings_content SET c1 = 'other' WHERE id = 1"), "index of words"));
}

TEST_CASE("store: a damaged vector is an error, not a wrong vector") {
  StoredFile file;
  file.execute("UPDATE vector SET value = zeroblob(8) WHERE chunk_id = 2");
  const auto store = need(Store::open(file.path));
  const Status status = store->for_each_vector("m", [](std::int64_t, std::span<const float>) { return true; });
  REQUIRE_FALSE(status.has_value());
  CHECK(status.error().kind == ErrorKind::corrupt);
}

TEST_CASE("store: opened for reading it answers and refuses to write") {
  StoredFile file;
  const auto store = need(Store::open(file.path, {.read_only = true}));
  CHECK(need(store->search_words("two", {})).size() == 1);
  CHECK(need(store->counts("m")).vectors == 2);
  CHECK(need(store->check()).empty());
  CHECK(store->set_setting("a", "b").error().kind == ErrorKind::unsupported);
  CHECK(Store::open(file.directory.path() / "absent.db", {.read_only = true}).error().kind == ErrorKind::io);
  CHECK_FALSE(std::filesystem::exists(file.directory.path() / "absent.db"));
}

}  // namespace attune
