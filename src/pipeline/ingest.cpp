// Brings a collection up to date with its folder: scan, plan, read and cut, store, remove, embed.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "attune/chunk.hpp"
#include "attune/core/file.hpp"
#include "attune/pipeline.hpp"
#include "attune/text.hpp"

#include "pipeline/ingest_plan.hpp"
#include "pipeline/prepare_documents.hpp"
#include "pipeline/word_tokenizer.hpp"

namespace attune {
namespace {

using pipeline::IngestPlan;
using pipeline::PreparedDocument;
using pipeline::PrepareOptions;
using Clock = std::chrono::steady_clock;

// A batch of documents is stored when it holds this much text or when its first document has waited this long.
constexpr std::size_t kBatchBytes = 1U << 20U;
constexpr auto kBatchTime = std::chrono::milliseconds(200);

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string file_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// A file that can't be read at all says nothing about the document that was read from it before.
bool is_about_access(ErrorKind kind) {
  return kind == ErrorKind::io || kind == ErrorKind::cancelled || kind == ErrorKind::timeout;
}

// One run of ingest: the request, what is known before, and the report that it fills.
class IngestRun {
 public:
  IngestRun(Workspace& workspace, const IngestRequest& request, const IngestProgressSink& progress,
            std::stop_token stop)
      : workspace_(workspace),
        store_(workspace.store()),
        request_(request),
        progress_(progress),
        stop_(std::move(stop)) {}

  Result<IngestReport> run();

 private:
  Status open_collection(const std::filesystem::path& root);
  Result<Scan> scan(const std::filesystem::path& root);
  void choose_cutting();
  Status read_and_store();
  Status take(const ScannedFile& file, Result<PreparedDocument> prepared);
  Status take_document(const ScannedFile& file, PreparedDocument prepared);
  Status store_later(PreparedDocument prepared);
  Status store_batch();
  Status take_failure(const ScannedFile& file, const Error& error);
  Status remove_missing();
  [[nodiscard]] bool is_known(const ScannedFile& file, const std::string& sha256) const;
  // A stored document with this content whose file is gone, and that no other file has taken over yet.
  [[nodiscard]] const DocumentStamp* missing_with(const std::string& sha256) const;
  void report_progress(IngestProgress::Phase phase, std::uint64_t done, std::uint64_t total, std::string current = {});

  Workspace& workspace_;
  Store& store_;
  const IngestRequest& request_;
  const IngestProgressSink& progress_;
  std::stop_token stop_;

  Collection collection_;
  std::map<std::string, DocumentStamp, std::less<>> stamps_;  // by path
  IngestPlan plan_;
  pipeline::WordTokenizer word_tokenizer_;
  PrepareOptions prepare_;
  std::string made_by_;
  std::set<std::int64_t> renamed_;       // ids of `plan_.missing` whose file was found again elsewhere
  std::vector<PreparedDocument> batch_;  // read, not yet stored
  std::size_t batch_bytes_ = 0;
  Clock::time_point batch_began_;
  std::uint64_t read_ = 0;
  IngestReport report_;
};

void IngestRun::report_progress(IngestProgress::Phase phase, std::uint64_t done, std::uint64_t total,
                                std::string current) {
  if (progress_) progress_(IngestProgress{phase, done, total, std::move(current)});
}

Status IngestRun::open_collection(const std::filesystem::path& root) {
  const auto existing = store_.collections();
  if (!existing) return existing.error();
  const std::string name =
      request_.collection.empty() ? pipeline::collection_name_for(*existing, to_utf8(root)) : request_.collection;
  auto collection = store_.open_collection(name, to_utf8(root));
  if (!collection) return collection.error();
  collection_ = *std::move(collection);
  report_.collection = collection_.name;
  auto stamps = store_.stamps(collection_.id);
  if (!stamps) return stamps.error();
  for (DocumentStamp& stamp : *stamps) stamps_.emplace(stamp.path, std::move(stamp));
  return {};
}

// The folder's files. An empty or absent folder counts as unplugged unless the caller said to prune.
Result<Scan> IngestRun::scan(const std::filesystem::path& root) {
  report_progress(IngestProgress::Phase::scanning, 0, 0, to_utf8(root));
  ScanOptions options = request_.scan;
  options.max_file_bytes = request_.read.max_file_bytes;
  auto scan = scan_folder(root, options, stop_);
  if (!scan) {
    const bool gone = scan.error().kind == ErrorKind::not_found;
    if (gone && request_.prune && !stamps_.empty()) return Scan{};
    return scan.error().while_doing("reading the folder '" + to_utf8(root) + "'");
  }
  if (scan->files.empty() && !stamps_.empty() && !request_.prune) {
    return Error{ErrorKind::conflict, "'" + to_utf8(root) + "' has no files now, but " +
                                          std::to_string(stamps_.size()) +
                                          " of its documents are indexed. If it is unplugged, plug it in; if they are "
                                          "really gone, say --prune to remove them"};
  }
  return scan;
}

// How documents are read and cut this time, and the name of that, so that a later version reads them anew.
void IngestRun::choose_cutting() {
  const Embedder* embedder = workspace_.embedder();
  prepare_.tokenizer = embedder == nullptr ? static_cast<const Tokenizer*>(&word_tokenizer_) : &embedder->tokenizer();
  if (embedder != nullptr) {
    prepare_.chunk.max_tokens = std::min(prepare_.chunk.max_tokens, static_cast<int>(embedder->max_tokens()));
  }
  prepare_.read = request_.read;
  prepare_.threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 8U));
  prepare_.is_known = [this](const ScannedFile& file, const std::string& sha256) { return is_known(file, sha256); };
  made_by_ = reader_version() + "|" + chunker_version(prepare_.chunk) + "|" +
             (embedder == nullptr ? "words" : embedder->identity());
}

const DocumentStamp* IngestRun::missing_with(const std::string& sha256) const {
  const auto found = std::ranges::find_if(plan_.missing, [&](const DocumentStamp& stamp) {
    return stamp.sha256 == sha256 && !renamed_.contains(stamp.id);
  });
  return found == plan_.missing.end() ? nullptr : &*found;
}

// A document whose title is its file's name must be read again when that name changes.
bool IngestRun::is_known(const ScannedFile& file, const std::string& sha256) const {
  if (const auto same_path = stamps_.find(file.path); same_path != stamps_.end()) {
    return same_path->second.sha256 == sha256 && same_path->second.made_by == made_by_;
  }
  return std::ranges::any_of(plan_.missing, [&](const DocumentStamp& stamp) {
    return stamp.sha256 == sha256 && stamp.made_by == made_by_ && file_name(stamp.path) == file_name(file.path);
  });
}

Status IngestRun::read_and_store() {
  const std::uint64_t total = plan_.to_read.size();
  report_progress(IngestProgress::Phase::reading, 0, total);
  // `plan_.missing` is searched by the reading threads, so renamed ones are noted beside it.
  const Status outcome = prepare_documents(
      plan_.to_read, prepare_,
      [&](const ScannedFile& file, Result<PreparedDocument> prepared) {
        const Status taken = take(file, std::move(prepared));
        report_progress(IngestProgress::Phase::reading, ++read_, total, file.path);
        return taken;
      },
      stop_);
  report_.interrupted = stop_.stop_requested();
  return outcome ? store_batch() : outcome;
}

Status IngestRun::take(const ScannedFile& file, Result<PreparedDocument> prepared) {
  if (prepared) return take_document(file, *std::move(prepared));
  if (prepared.error().kind == ErrorKind::cancelled) return {};
  return take_failure(file, prepared.error());
}

Status IngestRun::take_document(const ScannedFile& file, PreparedDocument prepared) {
  const auto same_path = stamps_.find(file.path);
  const DocumentStamp* renamed = same_path == stamps_.end() ? missing_with(prepared.document.sha256) : nullptr;
  const DocumentStamp* old = same_path == stamps_.end() ? renamed : &same_path->second;
  if (old == nullptr && !prepared.has_text) {
    // Another file of the same content has taken over the document that this one was thought to be.
    PrepareOptions options = prepare_;
    options.is_known = {};
    auto again = prepare_document(file, options, stop_);
    return again ? take_document(file, *std::move(again)) : take(file, again.error());
  }
  Document& document = prepared.document;
  document.collection_id = collection_.id;
  if (renamed != nullptr || !prepared.has_text) {
    const Status moved = store_.update_stamp(old->id, file.path, document.size, document.modified_ns);
    if (!moved) return moved.error().while_doing("following '" + file.path + "'");
  }
  if (renamed != nullptr) {
    renamed_.insert(renamed->id);
    ++report_.renamed;
  } else if (old == nullptr) {
    ++report_.added;
  } else {
    ++(prepared.has_text ? report_.changed : report_.unchanged);
  }
  return prepared.has_text ? store_later(std::move(prepared)) : Status();
}

// Documents wait for each other a moment, so that the disk is waited for once a batch.
Status IngestRun::store_later(PreparedDocument prepared) {
  report_.chunks += prepared.chunks.size();
  for (const std::string& note : prepared.document.content.notes) {
    report_.notes.push_back(prepared.document.path + ": " + note);
  }
  if (batch_.empty()) batch_began_ = Clock::now();
  batch_bytes_ += prepared.document.content.text.size();
  batch_.push_back(std::move(prepared));
  const bool full = batch_bytes_ >= kBatchBytes || Clock::now() - batch_began_ >= kBatchTime;
  return full ? store_batch() : Status();
}

Status IngestRun::store_batch() {
  if (batch_.empty()) return {};
  std::vector<NewDocument> documents;
  for (const PreparedDocument& prepared : batch_) documents.push_back({&prepared.document, prepared.chunks});
  const auto ids = store_.put_documents(documents, made_by_);
  if (!ids) return ids.error().while_doing("storing '" + batch_.front().document.path + "' and those after it");
  batch_.clear();
  batch_bytes_ = 0;
  return {};
}

// A file that turned unreadable keeps its document; one whose content turned into something broken loses it, because
// a citation of the old text could no longer be checked.
Status IngestRun::take_failure(const ScannedFile& file, const Error& error) {
  report_.skipped.push_back({file.path, error.text});
  const auto stamp = stamps_.find(file.path);
  if (stamp == stamps_.end() || is_about_access(error.kind)) return {};
  ++report_.removed;
  return store_.remove_documents(std::span(&stamp->second.id, 1));
}

Status IngestRun::remove_missing() {
  std::vector<std::int64_t> ids;
  for (const DocumentStamp& stamp : plan_.missing) {
    if (!renamed_.contains(stamp.id)) ids.push_back(stamp.id);
  }
  if (ids.empty()) return {};
  report_.removed += ids.size();
  return store_.remove_documents(ids);
}

Result<IngestReport> IngestRun::run() {
  const auto start = Clock::now();
  std::error_code failure;
  auto root = std::filesystem::weakly_canonical(std::filesystem::absolute(request_.folder, failure), failure);
  if (failure) return Error{ErrorKind::io, "'" + to_utf8(request_.folder) + "': " + failure.message()};
  if (root.has_relative_path() && !root.has_filename()) root = root.parent_path();
  const bool exists = std::filesystem::exists(root, failure);
  if (!exists && !request_.prune) return Error{ErrorKind::not_found, "there is no folder '" + to_utf8(root) + "'"};
  if (const Status opened = open_collection(root); !opened) return opened.error();
  auto files = scan(root);
  if (!files) return files.error();
  report_.skipped = files->skipped;

  choose_cutting();
  std::vector<DocumentStamp> stamps;
  for (const auto& [path, stamp] : stamps_) stamps.push_back(stamp);
  plan_ = pipeline::plan_ingest(*files, stamps, made_by_);
  report_.unchanged = plan_.unchanged;

  if (const Status stored = read_and_store(); !stored) return stored.error();
  if (!report_.interrupted) {
    if (const Status removed = remove_missing(); !removed) return removed.error();
  }
  report_.seconds_to_words = seconds_since(start);
  if (!request_.words_only && !report_.interrupted) {
    const auto embedded = embed_pending(workspace_, progress_, stop_);
    if (!embedded) return embedded.error();
    report_.embedded = *embedded;
    report_.interrupted = stop_.stop_requested();
  }
  report_.seconds = seconds_since(start);
  return std::move(report_);
}

}  // namespace

Result<IngestReport> ingest(Workspace& workspace, const IngestRequest& request, const IngestProgressSink& progress,
                            std::stop_token stop) {
  return IngestRun(workspace, request, progress, std::move(stop)).run();
}

}  // namespace attune
