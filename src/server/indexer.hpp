// Indexer: brings folders up to date when asked, and vectors in the background. One thread does all writing, so that
// jobs never meet: folders in the order they were asked for, words first; when none waits, vectors for what is pending
// and a new vector index where one is wanted. A job that arrives meanwhile interrupts the vectors.
//
// Thread-safe. What the steps do is handed in, so that tests need no documents.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "attune/pipeline.hpp"

namespace attune::server {

enum class JobState { queued, running, done, failed, cancelled };

// One request to index a folder.
struct Job {
  std::int64_t id = 0;
  JobState state = JobState::queued;
  IngestRequest request;
  IngestProgress progress;
  bool words_ready = false;  // the folder can be searched by words; its vectors are being made
  std::optional<IngestReport> report;
  std::optional<Error> error;
  std::chrono::system_clock::time_point created;
  std::optional<std::chrono::system_clock::time_point> finished;
  std::uint64_t revision = 0;  // grows with every change

  [[nodiscard]] bool is_over() const { return state != JobState::queued && state != JobState::running; }
};

// What happens without being asked for.
struct Background {
  std::string state = "idle";  // "idle", "words" (a job), "vectors", "index" (rebuilding it), "off"
  std::uint64_t done = 0;      // passages that got a vector in this go
  std::uint64_t total = 0;
  double per_second = 0;  // 0 while unknown
  std::string trouble;    // why it does not go on, for a person; "" when all is well
};

struct IndexerSteps {
  std::function<Result<IngestReport>(const IngestRequest&, const IngestProgressSink&, std::stop_token)> ingest;
  std::function<Result<std::uint64_t>(const IngestProgressSink&, std::stop_token)> embed_pending;
  std::function<Status(std::stop_token)> rebuild_where_wanted;  // the vector index
  std::function<void()> refresh_vectors;                        // takes over what another process wrote
  std::function<Result<std::int64_t>()> generation;             // of the store: another process may write as well
  std::function<void(const std::string&)> save_unfinished;      // jobs that a later start must take up again
  std::function<std::string()> load_unfinished;
  std::function<bool(const std::filesystem::path&)> may_index;  // still, after a restart with other roots
};

class Indexer {
 public:
  Indexer(IndexerSteps steps, std::size_t max_waiting, bool fill_vectors);
  ~Indexer();  // stops
  Indexer(const Indexer&) = delete;
  Indexer& operator=(const Indexer&) = delete;

  // Fails with unavailable when too many wait already or the server stops.
  Result<Job> submit(const IngestRequest& request);
  [[nodiscard]] Result<Job> job(std::int64_t id) const;
  [[nodiscard]] std::vector<Job> jobs() const;  // newest first; finished ones are forgotten after a hundred
  // What is stored stays. Fails with not_found, or with conflict when it is over.
  Result<Job> cancel(std::int64_t id);
  [[nodiscard]] Background background() const;

  // Tells what runs to stop soon and takes nothing more; does not wait.
  void interrupt();
  // interrupt() and wait until the thread has ended. Unfinished jobs are taken up by the next start.
  void stop();

 private:
  void run(const std::stop_token& end);
  void run_words(Job job);
  void run_vectors();
  void wait_for_work(const std::stop_token& end);
  void note_changes_from_outside();

  [[nodiscard]] bool has_queued() const;
  Job* find(std::int64_t id);
  std::optional<Job> begin_next();
  void finish_words(std::int64_t id, Result<IngestReport> outcome);
  void finish_waiting_for_vectors(const std::string& trouble);
  void update(std::int64_t id, const IngestProgress& progress);
  void save_unfinished(std::unique_lock<std::mutex>& lock);
  void take_up_unfinished();
  void forget_old();

  const IndexerSteps steps_;
  const std::size_t max_waiting_;
  const bool fill_vectors_;

  mutable std::mutex mutex_;  // of everything below
  std::condition_variable_any wake_;
  std::deque<Job> jobs_;  // oldest first
  std::int64_t next_id_ = 1;
  Background background_;
  std::chrono::steady_clock::time_point vectors_began_;
  std::stop_source running_;  // of the step that runs now
  bool vectors_wanted_ = true;
  bool ending_ = false;
  std::string saved_;

  std::int64_t seen_generation_ = -1;  // indexer's thread only
  std::chrono::steady_clock::time_point last_change_;

  std::jthread thread_;  // last: it uses the others
};

std::string_view job_state_name(JobState state);
nlohmann::json job_to_json(const Job& job);

}  // namespace attune::server
