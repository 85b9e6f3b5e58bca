// Connections: one for writing, as many for reading as there are readers at a time, each lent to one thread.
//
// In WAL mode a reader sees the last commit and neither waits for the writer nor holds it up.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "attune/store.hpp"

#include "store/sqlite.hpp"

namespace attune::store {

class Connections {
 public:
  // Opens or creates the file, checks whose it is and brings it up to date. Throws StoreFailure.
  Connections(const std::filesystem::path& path, const StoreOptions& options);

  // Gives the connection back in its destructor.
  class Lease {
   public:
    Lease(Connections& owner, Connection& connection, bool writing)
        : owner_(owner), connection_(connection), writing_(writing) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();
    Connection& operator*() const { return connection_; }

   private:
    Connections& owner_;
    Connection& connection_;
    bool writing_;
  };

  Lease reader();
  // Waits for its turn. Throws unavailable past the busy time-out, unsupported when the store is read-only.
  Lease writer();

  [[nodiscard]] bool read_only() const { return options_.read_only; }

 private:
  std::unique_ptr<Connection> open_reader() const;
  void open_writer();
  void open_read_only();

  std::filesystem::path path_;
  StoreOptions options_;
  std::string location_;  // for reading: the path, or a URI when the file lies where nothing can be written
  std::unique_ptr<Connection> writer_;
  std::mutex mutex_;
  std::condition_variable writer_free_;
  bool writer_lent_ = false;
  std::vector<std::unique_ptr<Connection>> idle_readers_;
};

}  // namespace attune::store
