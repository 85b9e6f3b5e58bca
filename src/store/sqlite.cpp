#include "store/sqlite.hpp"

#include <limits>

namespace attune::store {

void fail(ErrorKind kind, std::string text) {
  throw StoreFailure{Error{kind, std::move(text)}};
}

Error sqlite_error(int code, std::string_view message) {
  const std::string detail = " (SQLite: " + std::string(message) + ")";
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return {ErrorKind::unavailable, "another program holds the database; try again" + detail};
    case SQLITE_FULL:
      return {ErrorKind::io, "the disk is full" + detail};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorKind::io, "the database may not be written" + detail};
    case SQLITE_CANTOPEN:
      return {ErrorKind::io, "the database cannot be opened" + detail};
    case SQLITE_IOERR:
      return {ErrorKind::io, "the disk failed to read or write the database" + detail};
    case SQLITE_CORRUPT:
      return {ErrorKind::corrupt, "the database is damaged" + detail};
    case SQLITE_NOTADB:
      return {ErrorKind::corrupt, "the file is no database" + detail};
    case SQLITE_NOMEM:
      return {ErrorKind::unavailable, "not enough memory" + detail};
    case SQLITE_TOOBIG:
      return {ErrorKind::too_large, "a value is larger than the database can hold" + detail};
    case SQLITE_INTERRUPT:
      return {ErrorKind::cancelled, "interrupted" + detail};
    default:
      return {ErrorKind::internal, "the database refused a statement" + detail};
  }
}

Statement::~Statement() {
  if (handle_ != nullptr) connection_->give_back(sql_, handle_);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) {
    throw StoreFailure{
        sqlite_error(sqlite3_extended_errcode(connection_->handle()), sqlite3_errmsg(connection_->handle()))};
  }
}

void Statement::reset() {
  // The code repeats the failure of the last step, which was reported then.
  sqlite3_reset(handle_);
}

void Statement::bind_one(int index, std::int64_t value, sqlite3_destructor_type) {
  check(sqlite3_bind_int64(handle_, index, value));
}

void Statement::bind_one(int index, std::string_view value, sqlite3_destructor_type lifetime) {
  // A null pointer would bind NULL instead of the empty text.
  const char* bytes = value.data() == nullptr ? "" : value.data();
  check(sqlite3_bind_text64(handle_, index, bytes, value.size(), lifetime, SQLITE_UTF8));
}

void Statement::bind_one(int index, std::span<const std::byte> value, sqlite3_destructor_type lifetime) {
  if (value.empty()) {
    check(sqlite3_bind_zeroblob(handle_, index, 0));
  } else {
    check(sqlite3_bind_blob64(handle_, index, value.data(), value.size(), lifetime));
  }
}

Statement& Statement::bind_pointer(int index, void* pointer, const char* type_name) {
  check(sqlite3_bind_pointer(handle_, index, pointer, type_name, nullptr));
  return *this;
}

std::int64_t Statement::finish() {
  while (step()) {
  }
  return sqlite3_changes64(connection_->handle());
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) check(code);
  return false;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}

double Statement::real(int column) const {
  return sqlite3_column_double(handle_, column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::string_view Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::span<const std::byte> Statement::blob(int column) const {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(handle_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

Connection::Connection(const std::string& location, int flags, int busy_timeout_ms) {
  const int code = sqlite3_open_v2(location.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    const Error error = sqlite_error(handle_ == nullptr ? code : sqlite3_extended_errcode(handle_),
                                     handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_));
    sqlite3_close_v2(handle_);
    throw StoreFailure{error};
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, busy_timeout_ms);
}

Connection::~Connection() {
  for (const auto& [sql, statement] : idle_statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

Statement Connection::prepare(std::string_view sql) {
  if (const auto idle = idle_statements_.find(sql); idle != idle_statements_.end()) {
    sqlite3_stmt* statement = idle->second;
    idle_statements_.erase(idle);
    return {*this, sql, statement};
  }
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) throw StoreFailure{sqlite_error(sqlite3_extended_errcode(handle_), sqlite3_errmsg(handle_))};
  return {*this, sql, statement};
}

void Connection::give_back(std::string_view sql, sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (!idle_statements_.emplace(sql, statement).second) sqlite3_finalize(statement);
}

void Connection::execute(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw StoreFailure{sqlite_error(sqlite3_extended_errcode(handle_), sqlite3_errmsg(handle_))};
}

std::int64_t Connection::integer(std::string_view sql) {
  Statement statement = prepare(sql);
  return statement.step() ? statement.integer(0) : 0;
}

Transaction::Transaction(Connection& connection, Kind kind) : connection_(connection) {
  // IMMEDIATE takes the write lock now, where waiting for it is possible; a transaction that began by reading could
  // only fail once another one has written.
  connection_.execute(kind == Kind::writing ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  // A failed commit or a full disk may have rolled back already.
  if (connection_.in_transaction()) sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  connection_.execute("COMMIT");
}

}  // namespace attune::store
