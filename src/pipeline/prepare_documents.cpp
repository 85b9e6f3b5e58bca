#include "pipeline/prepare_documents.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "attune/core/file.hpp"
#include "attune/text.hpp"

namespace attune::pipeline {
namespace {

// Files read ahead of the writer, for each thread: bounds memory when the writer is the slow one.
constexpr std::size_t kAheadPerThread = 4;
// Enough text to tell a language by.
constexpr std::size_t kLanguageSampleBytes = 16 << 10;

std::string language_of(const ExtractedText& content) {
  if (!content.language.empty()) return content.language;
  const std::string_view text = content.text;
  const std::size_t end = text::grapheme_boundary_at_or_before(text, std::min(text.size(), kLanguageSampleBytes));
  return text::detect_language(text.substr(0, end));
}

// The line of prepared files between the reading threads and the writer.
class OrderedQueue {
 public:
  OrderedQueue(std::size_t files, std::size_t ahead) : slots_(files), ahead_(ahead) {}

  // The next file to read; waits while the writer is too far behind; nothing at the end or when closed.
  std::optional<std::size_t> next_to_read() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || claimed_ == slots_.size() || claimed_ < taken_ + ahead_; });
    if (closed_ || claimed_ == slots_.size()) return std::nullopt;
    return claimed_++;
  }
  void put(std::size_t index, Result<PreparedDocument> prepared) {
    const std::scoped_lock lock(mutex_);
    slots_[index].emplace(std::move(prepared));
    changed_.notify_all();
  }
  // Waits for the file at `index`; files are taken in order.
  Result<PreparedDocument> take(std::size_t index) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return slots_[index].has_value(); });
    Result<PreparedDocument> prepared = *std::exchange(slots_[index], std::nullopt);
    taken_ = index + 1;
    changed_.notify_all();
    return prepared;
  }
  void close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<Result<PreparedDocument>>> slots_;
  std::size_t ahead_;
  std::size_t claimed_ = 0;
  std::size_t taken_ = 0;
  bool closed_ = false;
};

}  // namespace

Status read_and_cut(PreparedDocument& prepared, const std::filesystem::path& absolute, std::string_view bytes,
                    const PrepareOptions& options, std::stop_token stop) {
  auto content = read_document(absolute, bytes, options.read, stop);
  if (!content) return content.error();
  Document& document = prepared.document;
  document.content = *std::move(content);
  document.language = language_of(document.content);
  prepared.chunks = chunk_document(document, *options.tokenizer, options.chunk);
  if (prepared.chunks.empty()) return Error{ErrorKind::bad_input, "there is no text in it"};
  prepared.has_text = true;
  return {};
}

Result<PreparedDocument> prepare_document(const ScannedFile& file, const PrepareOptions& options,
                                          std::stop_token stop) {
  auto bytes = read_file(file.absolute, options.read.max_file_bytes);
  if (!bytes) return bytes.error();
  PreparedDocument prepared;
  prepared.document.path = file.path;
  prepared.document.sha256 = sha256_hex(*bytes);
  prepared.document.size = bytes->size();
  prepared.document.modified_ns = file.modified_ns;
  if (options.is_known && options.is_known(file, prepared.document.sha256)) return prepared;
  if (const Status cut = read_and_cut(prepared, file.absolute, *bytes, options, stop); !cut) return cut.error();
  return prepared;
}

Status prepare_documents(const std::vector<ScannedFile>& files, const PrepareOptions& options,
                         const std::function<Status(const ScannedFile&, Result<PreparedDocument>)>& take,
                         std::stop_token stop) {
  const std::size_t threads = static_cast<std::size_t>(std::max(options.threads, 1));
  OrderedQueue queue(files.size(), threads * kAheadPerThread);
  std::vector<std::jthread> readers;
  readers.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    readers.emplace_back([&] {
      while (const auto index = queue.next_to_read()) {
        queue.put(*index, prepare_document(files[*index], options, stop));
      }
    });
  }
  Status outcome;
  for (std::size_t i = 0; i < files.size() && outcome && !stop.stop_requested(); ++i) {
    outcome = take(files[i], queue.take(i));
  }
  queue.close();
  return outcome;
}

}  // namespace attune::pipeline
