#include "server/indexer.hpp"

#include <algorithm>
#include <utility>

#include "attune/core/log.hpp"

#include "server/unfinished.hpp"

namespace attune::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kFinishedJobsKept = 100;
constexpr std::chrono::seconds kLookOutside{2};     // how often we look whether another process wrote
constexpr std::chrono::seconds kOutsideSettles{6};  // it is left to make its own vectors while it still writes
constexpr std::chrono::seconds kAfterTrouble{60};

}  // namespace

Indexer::Indexer(IndexerSteps steps, std::size_t max_waiting, bool fill_vectors)
    : steps_(std::move(steps)), max_waiting_(max_waiting), fill_vectors_(fill_vectors) {
  if (!fill_vectors_) background_.state = "off";
  take_up_unfinished();
  thread_ = std::jthread([this](const std::stop_token& end) { run(end); });
}

Indexer::~Indexer() {
  stop();
}

void Indexer::interrupt() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
    running_.request_stop();
  }
  thread_.request_stop();
}

void Indexer::stop() {
  interrupt();
  if (thread_.joinable()) thread_.join();
}

Result<Job> Indexer::submit(const IngestRequest& request) {
  std::unique_lock lock(mutex_);
  if (ending_) return Error{ErrorKind::unavailable, "the server is stopping"};
  const auto waiting =
      std::count_if(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.state == JobState::queued; });
  if (static_cast<std::size_t>(waiting) >= max_waiting_) {
    return Error{ErrorKind::unavailable, "too many folders wait to be indexed; try again later"};
  }
  Job job;
  job.id = next_id_++;
  job.request = request;
  job.request.words_only = true;
  job.created = std::chrono::system_clock::now();
  jobs_.push_back(job);
  forget_old();
  if (background_.state == "vectors" || background_.state == "index") running_.request_stop();
  save_unfinished(lock);
  wake_.notify_all();
  return job;
}

Result<Job> Indexer::job(std::int64_t id) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& job : jobs_) {
    if (job.id == id) return job;
  }
  return Error{ErrorKind::not_found, "there is no job " + std::to_string(id)};
}

std::vector<Job> Indexer::jobs() const {
  const std::scoped_lock lock(mutex_);
  return {jobs_.rbegin(), jobs_.rend()};
}

Result<Job> Indexer::cancel(std::int64_t id) {
  std::unique_lock lock(mutex_);
  Job* job = find(id);
  if (job == nullptr) return Error{ErrorKind::not_found, "there is no job " + std::to_string(id)};
  if (job->is_over()) return Error{ErrorKind::conflict, "job " + std::to_string(id) + " is over already"};
  // While words are read the step must notice; before and after that, nothing of this job runs.
  if (job->state == JobState::running && !job->words_ready) running_.request_stop();
  job->state = JobState::cancelled;
  job->finished = std::chrono::system_clock::now();
  ++job->revision;
  Job copy = *job;
  save_unfinished(lock);
  return copy;
}

Background Indexer::background() const {
  const std::scoped_lock lock(mutex_);
  Background copy = background_;
  const double seconds = std::chrono::duration<double>(Clock::now() - vectors_began_).count();
  if (copy.state == "vectors" && copy.done > 0 && seconds > 0.5) {
    copy.per_second = static_cast<double>(copy.done) / seconds;
  }
  return copy;
}

void Indexer::run(const std::stop_token& end) {
  while (!end.stop_requested()) {
    if (auto job = begin_next()) {
      run_words(*std::move(job));
      continue;
    }
    bool vectors = false;
    {
      const std::scoped_lock lock(mutex_);
      vectors = vectors_wanted_ && fill_vectors_ && !ending_;
    }
    if (vectors) run_vectors();
    if (!vectors) wait_for_work(end);
  }
}

std::optional<Job> Indexer::begin_next() {
  const std::scoped_lock lock(mutex_);
  if (ending_) return std::nullopt;
  for (auto& job : jobs_) {
    if (job.state != JobState::queued) continue;
    job.state = JobState::running;
    ++job.revision;
    background_.state = "words";
    running_ = std::stop_source();
    return job;
  }
  return std::nullopt;
}

void Indexer::run_words(Job job) {
  std::stop_token stop;
  {
    const std::scoped_lock lock(mutex_);
    stop = running_.get_token();
  }
  auto outcome = steps_.ingest(
      job.request, [this, id = job.id](const IngestProgress& progress) { update(id, progress); }, stop);
  finish_words(job.id, std::move(outcome));
}

void Indexer::finish_words(std::int64_t id, Result<IngestReport> outcome) {
  std::unique_lock lock(mutex_);
  background_.state = fill_vectors_ ? "idle" : "off";
  vectors_wanted_ = true;
  Job* job = find(id);
  if (job == nullptr) return;
  ++job->revision;
  if (outcome) job->report = *outcome;
  if (job->state == JobState::running) {
    const bool cancelled = !outcome && outcome.error().kind == ErrorKind::cancelled;
    if (ending_ && (cancelled || (outcome && outcome->interrupted))) {
      job->state = JobState::queued;  // saved as such: the next start goes on
    } else if (!outcome) {
      job->error = outcome.error();
      job->state = cancelled ? JobState::cancelled : JobState::failed;
    } else {
      job->words_ready = true;
      if (!fill_vectors_) job->state = JobState::done;
    }
  }
  if (job->is_over() && !job->finished) job->finished = std::chrono::system_clock::now();
  save_unfinished(lock);
}

void Indexer::run_vectors() {
  std::stop_token stop;
  {
    const std::scoped_lock lock(mutex_);
    // What came since the caller looked goes first; from here on it interrupts `running_`.
    if (ending_ || has_queued()) return;
    background_ = Background{.state = "vectors", .done = 0, .total = 0, .per_second = 0, .trouble = ""};
    running_ = std::stop_source();
    stop = running_.get_token();
    vectors_began_ = Clock::now();
  }
  auto written = steps_.embed_pending([this](const IngestProgress& progress) { update(0, progress); }, stop);
  std::string trouble = written ? "" : written.error().text;
  if (written && !stop.stop_requested()) {
    {
      const std::scoped_lock lock(mutex_);
      background_.state = "index";
    }
    if (auto rebuilt = steps_.rebuild_where_wanted(stop); !rebuilt) trouble = rebuilt.error().text;
  }
  if (auto generation = steps_.generation()) seen_generation_ = *generation;
  last_change_ = {};

  std::unique_lock lock(mutex_);
  background_.state = "idle";
  if (stop.stop_requested()) return;  // a job waits, or the end: go on later
  background_.trouble = trouble;
  vectors_wanted_ = false;
  finish_waiting_for_vectors(trouble);
  if (trouble.empty()) return;
  log(LogLevel::error, "making vectors in the background: " + trouble);
  last_change_ = Clock::now() + kAfterTrouble;  // as if something changed then: tried again
}

void Indexer::finish_waiting_for_vectors(const std::string& trouble) {
  for (auto& job : jobs_) {
    if (job.state != JobState::running || !job.words_ready) continue;
    job.state = JobState::done;
    job.finished = std::chrono::system_clock::now();
    job.progress.done = job.progress.total;
    if (!trouble.empty() && job.report) job.report->notes.push_back("vectors are not complete: " + trouble);
    ++job.revision;
  }
}

void Indexer::wait_for_work(const std::stop_token& end) {
  {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, end, kLookOutside, [this] { return has_queued(); });
  }
  if (!end.stop_requested()) note_changes_from_outside();
}

void Indexer::note_changes_from_outside() {
  const auto generation = steps_.generation();
  if (!generation) return;
  if (*generation != seen_generation_) {
    if (seen_generation_ != -1) steps_.refresh_vectors();
    seen_generation_ = *generation;
    last_change_ = Clock::now();
    return;
  }
  if (last_change_ == Clock::time_point{} || Clock::now() - last_change_ < kOutsideSettles) return;
  last_change_ = {};
  const std::scoped_lock lock(mutex_);
  vectors_wanted_ = true;
}

bool Indexer::has_queued() const {
  return std::any_of(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.state == JobState::queued; });
}

Job* Indexer::find(std::int64_t id) {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(), [id](const Job& job) { return job.id == id; });
  return found == jobs_.end() ? nullptr : &*found;
}

// `id` 0: the vectors of all that wait for them.
void Indexer::update(std::int64_t id, const IngestProgress& progress) {
  const std::scoped_lock lock(mutex_);
  if (id == 0) {
    background_.done = progress.done;
    background_.total = progress.total;
  }
  for (auto& job : jobs_) {
    const bool meant = id == 0 ? job.words_ready : job.id == id;
    if (!meant || job.state != JobState::running) continue;
    job.progress = progress;
    ++job.revision;
  }
}

void Indexer::save_unfinished(std::unique_lock<std::mutex>& lock) {
  std::vector<IngestRequest> unfinished;
  for (const auto& job : jobs_) {
    if (!job.is_over() && !job.words_ready) unfinished.push_back(job.request);
  }
  std::string text = unfinished_to_json(unfinished);
  if (text == saved_) return;
  saved_ = text;
  lock.unlock();  // writing waits for the database, and may wait long
  steps_.save_unfinished(text);
  lock.lock();
}

void Indexer::take_up_unfinished() {
  saved_ = steps_.load_unfinished();
  for (auto& request : unfinished_from_json(saved_)) {
    if (!steps_.may_index(request.folder)) {
      log(LogLevel::warning, "an unfinished job is dropped: its folder may no longer be indexed over HTTP");
      continue;
    }
    Job job;
    job.id = next_id_++;
    job.request = std::move(request);
    job.created = std::chrono::system_clock::now();
    jobs_.push_back(std::move(job));
  }
  if (!jobs_.empty()) log(LogLevel::info, "taking up " + std::to_string(jobs_.size()) + " unfinished indexing jobs");
}

void Indexer::forget_old() {
  auto over = std::count_if(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.is_over(); });
  for (auto at = jobs_.begin(); at != jobs_.end() && over > static_cast<std::ptrdiff_t>(kFinishedJobsKept);) {
    if (!at->is_over()) {
      ++at;
      continue;
    }
    at = jobs_.erase(at);
    --over;
  }
}

}  // namespace attune::server
