// SQLite for this room: a connection, its statements and its transactions, with failures thrown as StoreFailure.
//
// The exception never leaves the room: store.cpp turns it into an Error at its border (`at_border`). One connection
// belongs to one thread at a time; connections.hpp hands them out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include <sqlite3.h>

#include "attune/core/result.hpp"

namespace attune::store {

struct StoreFailure {
  Error error;
};

[[noreturn]] void fail(ErrorKind kind, std::string text);

// What a result code of SQLite means for a person and for the caller.
Error sqlite_error(int code, std::string_view message);

// Runs `body`; what it throws becomes the Error of the result, with the step in front.
template <typename Body>
auto at_border(std::string_view doing, Body body) -> Result<std::invoke_result_t<Body>> {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Body>>) {
      body();
      return {};
    } else {
      return body();
    }
  } catch (const StoreFailure& failure) {
    return failure.error.while_doing(doing);
  }
}

class Connection;

// A prepared statement, borrowed from its connection's cache and given back clean by the destructor.
class Statement {
 public:
  Statement(Connection& connection, std::string_view sql, sqlite3_stmt* handle)
      : connection_(&connection), sql_(sql), handle_(handle) {}
  Statement(Statement&& other) noexcept
      : connection_(other.connection_), sql_(other.sql_), handle_(std::exchange(other.handle_, nullptr)) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Binds all parameters in order, copying text and blobs. Ends a run that is under way.
  template <typename... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_one(++index, values, SQLITE_TRANSIENT), ...);
    return *this;
  }
  // Binds one parameter, copying.
  template <typename Value>
  Statement& bind_at(int index, const Value& value) {
    bind_one(index, value, SQLITE_TRANSIENT);
    return *this;
  }
  // Hands an object to one of our own SQL functions, which ask for it by the same type name.
  Statement& bind_pointer(int index, void* pointer, const char* type_name);

  // Binds without copying and runs to the end. Returns the number of rows changed.
  template <typename... Values>
  std::int64_t run(const Values&... values) {
    reset();
    int index = 0;
    (bind_one(++index, values, SQLITE_STATIC), ...);
    return finish();
  }

  // True while there is a row to look at.
  bool step();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] bool is_null(int column) const;
  // Valid until the next step.
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::span<const std::byte> blob(int column) const;

 private:
  void reset();
  std::int64_t finish();
  void check(int code) const;
  void bind_one(int index, std::int64_t value, sqlite3_destructor_type lifetime);
  void bind_one(int index, std::string_view value, sqlite3_destructor_type lifetime);
  void bind_one(int index, std::span<const std::byte> value, sqlite3_destructor_type lifetime);

  Connection* connection_;
  std::string_view sql_;
  sqlite3_stmt* handle_;
};

class Connection {
 public:
  // Opens `location` (a path, or a file: URI with SQLITE_OPEN_URI in `flags`). Nothing is read from the file yet.
  Connection(const std::string& location, int flags, int busy_timeout_ms);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // `sql` must be a literal: the cache keeps a view of it.
  Statement prepare(std::string_view sql);
  // One or more statements without parameters or rows.
  void execute(const char* sql);
  // The first column of the first row of a query without parameters; 0 without a row.
  std::int64_t integer(std::string_view sql);

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

 private:
  friend class Statement;
  void give_back(std::string_view sql, sqlite3_stmt* statement);

  sqlite3* handle_ = nullptr;
  std::unordered_map<std::string_view, sqlite3_stmt*> idle_statements_;
};

// Undone by the destructor unless commit() came first.
class Transaction {
 public:
  enum class Kind { reading, writing };
  Transaction(Connection& connection, Kind kind);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  void commit();

 private:
  Connection& connection_;
};

}  // namespace attune::store
