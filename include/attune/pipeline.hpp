// Pipeline: in which order do the rooms run? `ingest` turns a folder into a collection, `ask` turns a question into
// cited passages; both read top to bottom in src/pipeline/ingest.cpp and ask.cpp.
//
// Called by cli, server and eval. A Workspace may be shared by threads: any number ask while one ingests.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/data/hit.hpp"
#include "attune/data/query.hpp"
#include "attune/embed.hpp"
#include "attune/index.hpp"
#include "attune/reader.hpp"
#include "attune/rerank.hpp"
#include "attune/retrieve.hpp"
#include "attune/rewrite.hpp"
#include "attune/store.hpp"

namespace attune {

struct WorkspaceOptions {
  std::filesystem::path database;  // empty: default_database()
  std::filesystem::path models;    // directory of embedder/, reranker/ and rewriter/; empty: default_models()
  int threads = 0;                 // for models; 0: one for each core
  bool with_embedder = true;       // false: words only, nothing is loaded
  nn::Precision precision = nn::Precision::i8;
  VectorIndexOptions vectors = {};
};

// ATTUNE_DB, else $XDG_DATA_HOME/attune/attune.db, else ~/.local/share/attune/attune.db.
std::filesystem::path default_database();
// ATTUNE_MODELS, else models/ beside the installed program, else models/ of the source tree it was built from.
std::filesystem::path default_models();

// An open database with the models that serve it.
class Workspace {
 public:
  // Creates the database if absent. A missing model is no failure but a note (see notes()): words still work.
  static Result<std::unique_ptr<Workspace>> open(const WorkspaceOptions& options);
  ~Workspace();

  [[nodiscard]] Store& store() const;
  [[nodiscard]] const Embedder* embedder() const;               // nullptr if none could be loaded
  [[nodiscard]] VectorIndex* vectors() const;                   // nullptr without an embedder
  [[nodiscard]] const Reranker* reranker() const;               // nullptr if none could be loaded
  [[nodiscard]] const QueryRewriter& rewriter() const;          // with rules alone if no neural one could be loaded
  [[nodiscard]] const std::vector<std::string>& notes() const;  // what could not be loaded, and why

 private:
  Workspace();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

struct IngestRequest {
  std::filesystem::path folder;
  std::string collection;  // "": the folder's name, made unique by its parents where needed
  ScanOptions scan = {};
  ReadOptions read = {};
  bool prune = false;       // also remove everything when the folder is empty or gone
  bool words_only = false;  // leave the vectors to a later call of embed_pending
};

struct IngestProgress {
  enum class Phase { scanning, reading, embedding, indexing, reading_ahead } phase = Phase::scanning;
  std::uint64_t done = 0;   // files while reading, chunks while embedding and reading ahead
  std::uint64_t total = 0;  // 0 while unknown
  std::string current;      // the file at hand
};
using IngestProgressSink = std::function<void(const IngestProgress&)>;

struct IngestReport {
  std::string collection;
  std::uint64_t added = 0;
  std::uint64_t changed = 0;
  std::uint64_t renamed = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t removed = 0;
  std::uint64_t chunks = 0;    // written
  std::uint64_t embedded = 0;  // vectors written
  std::vector<SkippedFile> skipped;
  std::vector<std::string> notes;
  bool interrupted = false;     // stopped by request; what is stored stays, the next run goes on
  double seconds_to_words = 0;  // from the start until all words could be searched
  double seconds = 0;
};

// Brings a collection up to date with its folder, words first, then vectors. A broken file is in report.skipped, not a
// failure. Fails with not_found or conflict (the folder is gone or empty and prune is false), io, corrupt.
Result<IngestReport> ingest(Workspace& workspace, const IngestRequest& request, const IngestProgressSink& progress = {},
                            std::stop_token stop = {});

// Gives vectors to all chunks that have none, brings the vector index up to date, then reads ahead where readings are
// kept (read_pending). Returns the vectors written; stopping is no failure.
Result<std::uint64_t> embed_pending(Workspace& workspace, const IngestProgressSink& progress = {},
                                    std::stop_token stop = {});

enum class RewriteMode : std::uint8_t {
  off,        // the question is searched as it was written
  automatic,  // rewrites are searched beside it
  force,      // a follow-up question is rewritten even where the model would leave it alone
};

// The question's rewrites as variants of the query.
std::vector<QueryVariant> variants_of(const Rewriting& rewriting);

struct AskRequest {
  Query query;                       // its variants are added to, not replaced
  std::vector<std::string> history;  // of the conversation, oldest first
  // "": none. Else, without a history of its own, the question goes on with what was said under this id, and is kept
  // there with the beginning of the best passage (Store::add_turns).
  std::string conversation = {};
  RewriteMode rewrite = RewriteMode::automatic;
  bool feedback = false;  // as RewriteOptions::feedback
  RetrieveOptions retrieve = {};
  bool rerank = true;                   // where a cross-encoder is loaded
  std::size_t rerank_depth = 30;        // hits that it reads
  double first_stage = kFirstStage;     // as RerankOptions::first_stage
  float min_relevance = 0;              // as RerankOptions::min_relevance; needs `rerank`
  std::chrono::milliseconds budget{0};  // for the whole answer: as many hits are read as fit; 0: no bound
  bool explain = false;                 // keep Hit::parts
};

// A rewrite that was searched, and what came of it.
struct AnsweredRewrite {
  Rewrite rewrite;
  std::size_t found = 0;  // of the answer's hits, by its legs
  std::size_t alone = 0;  // of these, by no leg of the question itself
};

struct Answer {
  std::vector<Hit> hits;
  std::vector<AnsweredRewrite> rewrites;
  std::string question;                      // what passages were read against
  std::vector<std::string> notes;            // what was skipped or is still pending, and why
  std::map<std::string, double> timings_ms;  // per stage and "total"
  std::int64_t chunks = 0;                   // in the database
  std::int64_t pending = 0;                  // of these, not yet found by meaning
};

// Cited passages, best first. Fails only when no leg could answer.
Result<Answer> ask(const Workspace& workspace, const AskRequest& request, std::stop_token stop = {});

// What is kept of a conversation, oldest first; empty a day after its last question.
Result<std::vector<std::string>> conversation_turns(const Workspace& workspace, std::string_view conversation);

// The rewrites of a question alone; keeps nothing. Fails as QueryRewriter::rewrite.
Result<Rewriting> rewrite_question(const Workspace& workspace, const AskRequest& request);

// What is kept of the hits' passages (attune index --readings), for RerankOptions::readings. Empty without a
// reranker. Fails as the store does.
Result<PassageReadings> readings_of(const Workspace& workspace, std::span<const Hit> hits);

// Readings in one database, in bytes: what does not fit is read at each question.
constexpr std::int64_t kMostReadingBytes = std::int64_t{1} << 30U;
// Whether a database keeps readings, as it does unless told otherwise: passages are then read once, when they are
// indexed, instead of at each question. Needs about 390 bytes a token. Turning it off removes them.
Result<bool> keeps_readings(const Workspace& workspace);
Status keep_readings(Workspace& workspace, bool keep);
// Reads all passages that have no reading yet. Returns how many; 0 where none are kept. Stopping is no failure.
Result<std::uint64_t> read_pending(Workspace& workspace, const IngestProgressSink& progress = {},
                                   std::stop_token stop = {});

struct PairScores {
  std::vector<float> scores;     // one for each text, in order
  std::vector<float> relevance;  // the same as probabilities, where the model is calibrated; else empty
  std::string scorer;            // identity of the model that scored
  bool cross_encoder = false;    // false: no cross-encoder is loaded and the embedder's cosine stands in
};
// Scores each text against the query, independent of the other texts. `reranker` may be null: then the embedder's
// cosine stands in, and the answer says so. Fails with unavailable when both are null.
Result<PairScores> score_pairs(const Embedder* embedder, const Reranker* reranker, std::string_view query,
                               std::span<const std::string_view> texts, std::stop_token stop = {});
// The same with the models of a workspace.
Result<PairScores> score_pairs(const Workspace& workspace, std::string_view query,
                               std::span<const std::string_view> texts, std::stop_token stop = {});

// What `attune doctor` found: one sentence for each fault of invariant 1, and what was checked.
struct Diagnosis {
  std::vector<std::string> faults;
  std::vector<std::string> checked;
};
Result<Diagnosis> diagnose(const Workspace& workspace);

// JSON as it goes over the wire and out of `--json` (UTF-8; malformed bytes replaced).
std::string answer_to_json(const Answer& answer, bool explain, int indent = -1);
std::string rewriting_to_json(const Rewriting& rewriting, int indent = -1);
std::string report_to_json(const IngestReport& report, int indent = -1);

}  // namespace attune
