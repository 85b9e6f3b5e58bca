#include "store/connections.hpp"

#include <thread>

#include <sys/vfs.h>

#include "attune/core/file.hpp"

#include "store/filters.hpp"
#include "store/schema.hpp"
#include "store/words.hpp"

namespace attune::store {

namespace {

constexpr std::size_t kIdleReadersKept = 8;

// WAL needs memory that all processes share, and locks that hold. Network file systems give neither.
void refuse_network_file_system(const std::filesystem::path& directory) {
  struct statfs about {};
  if (statfs(directory.c_str(), &about) != 0) return;  // opening will say what is wrong
  const char* name = nullptr;
  switch (static_cast<std::uint32_t>(about.f_type)) {
    case 0x6969U:
      name = "NFS";
      break;
    case 0x517BU:
    case 0xFF534D42U:
    case 0xFE534D42U:
      name = "SMB";
      break;
    case 0x5346414FU:
    case 0x6B414653U:
      name = "AFS";
      break;
    default:
      return;
  }
  fail(ErrorKind::unsupported,
       std::string("its folder is on a network file system (") + name + "); put the database on a local disk");
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

// Turning WAL on needs the file for itself for a moment, and SQLite does not wait for that.
void turn_on_wal(Connection& connection, int busy_timeout_ms) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(busy_timeout_ms);
  while (true) {
    try {
      Statement mode = connection.prepare("PRAGMA journal_mode = WAL");
      if (mode.step() && mode.text(0) == "wal") return;
      fail(ErrorKind::unsupported, "its file system has no shared memory; put the database on a local disk");
    } catch (const StoreFailure& failure) {
      if (failure.error.kind != ErrorKind::unavailable || std::chrono::steady_clock::now() > give_up) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

// A path as a file: URI that promises SQLite that nobody writes it.
std::string immutable_uri(const std::filesystem::path& path) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char character : std::filesystem::absolute(path).string()) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte == '/' || byte == '.' || byte == '-' || byte == '_' || (byte >= '0' && byte <= '9') ||
        (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z')) {
      uri += character;
    } else {
      uri += '%';
      uri += kDigits[byte >> 4U];
      uri += kDigits[byte & 15U];
    }
  }
  return uri + "?immutable=1";
}

void teach(Connection& connection) {
  set_up_connection(connection);
  register_words(connection);
  register_filters(connection);
}

}  // namespace

Connections::Connections(const std::filesystem::path& path, const StoreOptions& options)
    : path_(path), options_(options), location_(path.string()) {
  refuse_network_file_system(folder_of(path));
  if (options_.read_only) {
    open_read_only();
  } else {
    open_writer();
  }
}

void Connections::open_writer() {
  std::error_code failure;
  std::filesystem::create_directories(folder_of(path_), failure);
  if (failure) fail(ErrorKind::io, "its folder cannot be made: " + failure.message());
  writer_ =
      std::make_unique<Connection>(location_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, options_.busy_timeout_ms);
  teach(*writer_);
  const auto newest = static_cast<std::int64_t>(migrations().size());
  // First of all: a file of another program is left as it is.
  if (check_identity(*writer_, newest) == 0) writer_->execute("PRAGMA page_size = 8192");
  turn_on_wal(*writer_, options_.busy_timeout_ms);
  // FULL: what was reported as stored outlives a power cut, not only a crash.
  writer_->execute("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;");
  migrate(*writer_, migrations());
}

void Connections::open_read_only() {
  const auto newest = static_cast<std::int64_t>(migrations().size());
  const auto check = [newest](Connection& connection) {
    if (check_identity(connection, newest) < newest) {
      fail(ErrorKind::unsupported, "the database has an older schema; open it once for writing");
    }
  };
  try {
    const Lease lease = reader();
    check(*lease);
  } catch (const StoreFailure& failure) {
    // On a read-only disk the files beside the database cannot be made. Without a log there is nothing in them.
    std::error_code ignored;
    const std::filesystem::path log = path_.string() + "-wal";
    const bool has_log = std::filesystem::exists(log, ignored) && std::filesystem::file_size(log, ignored) > 0;
    if (failure.error.kind != ErrorKind::io || has_log || !std::filesystem::exists(path_, ignored)) throw;
    location_ = immutable_uri(path_);
    const Lease lease = reader();
    check(*lease);
  }
}

std::unique_ptr<Connection> Connections::open_reader() const {
  const int flags = options_.read_only ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE;
  auto connection = std::make_unique<Connection>(location_, flags, options_.busy_timeout_ms);
  teach(*connection);
  connection->execute("PRAGMA query_only = ON");
  return connection;
}

Connections::Lease Connections::reader() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_readers_.empty()) {
      Connection* connection = idle_readers_.back().release();
      idle_readers_.pop_back();
      return {*this, *connection, false};
    }
  }
  return {*this, *open_reader().release(), false};
}

Connections::Lease Connections::writer() {
  if (options_.read_only) fail(ErrorKind::unsupported, "the database was opened for reading only");
  std::unique_lock lock(mutex_);
  const auto patience = std::chrono::milliseconds(options_.busy_timeout_ms);
  if (!writer_free_.wait_for(lock, patience, [this] { return !writer_lent_; })) {
    fail(ErrorKind::unavailable, "the database is being written; try again");
  }
  writer_lent_ = true;
  return {*this, *writer_, true};
}

Connections::Lease::~Lease() {
  const std::lock_guard lock(owner_.mutex_);
  if (writing_) {
    owner_.writer_lent_ = false;
    owner_.writer_free_.notify_one();
    return;
  }
  std::unique_ptr<Connection> mine(&connection_);
  if (owner_.idle_readers_.size() < kIdleReadersKept) owner_.idle_readers_.push_back(std::move(mine));
}

}  // namespace attune::store
