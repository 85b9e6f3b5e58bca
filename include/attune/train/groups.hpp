// Groups: what a reranker is trained on: a question and passages that answer it or do not.
//
// The way of the data: read_groups (JSON lines) or a maker (train/makers.hpp) → hold_out → mine_once (hard negatives,
// kept in a file) → drop_likely_answers → the batches of train/batches.hpp. Everything is deterministic: the same files
// and settings give the same groups to the bit, whatever the number of threads. Thread-safe: no call keeps state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/embed.hpp"

namespace attune::train {

struct GroupPassage {
  std::uint32_t passage = 0;  // place in GroupSet::passages
  int grade = 0;              // 0: does not answer; from 1 on: answers, the better the more
  bool mined = false;         // found by mine(), not stated by the source
  friend bool operator==(const GroupPassage&, const GroupPassage&) = default;
};

struct Group {
  std::string id;             // "<source>:<line or number>"
  std::string language = {};  // BCP 47 primary tag of the query, "" if unknown
  std::string query;
  std::vector<GroupPassage> passages = {};  // the stated ones, then the mined ones, hardest first; each passage once
  std::vector<float> scores = {};           // [passages, GroupSet::teachers]; NaN: that teacher did not score it
  std::vector<std::uint32_t> avoid = {};    // ascending: may answer as well, so never a negative of this group
  bool held_out = false;
};

// The groups of one source, with each of their passages once.
struct GroupSet {
  std::string source;                  // the file's name without endings: "squad-sentences-en"
  std::vector<std::string> teachers;   // names of the scores: after mining "bm25" and "cosine"
  std::vector<std::string> passages;   // valid UTF-8, not empty
  std::vector<std::uint8_t> held_out;  // [passages] 1: belongs to the held-out side; empty before hold_out()
  std::vector<Group> groups;
};

// Reads JSON lines, plain or gzipped: {"query", "positives": [text], "negatives"?: [text], "graded"?: [[text, grade]],
// "lang"?}; other fields are ignored. "<file>.gz" stands in for "<file>". Fails with not_found, io, corrupt, bad_input
// or too_large; the text names file and line.
Result<GroupSet> read_groups(const std::filesystem::path& file);

// Adds passages that belong to no group (a larger corpus to find negatives in); texts that are there already are not
// added again. To be called before hold_out().
void add_passages(GroupSet& set, std::span<const std::string> texts);

// Names the content of a set: SHA-256 over passages, groups and sides.
std::string digest_of(const GroupSet& set);

// Keeps about `share` of all groups and passages out of training, over all sets together: groups that share a passage
// or ask with the same words (compared without case, spaces and punctuation), or ask with what another one answers
// with, stand on the same side, so no passage of a held-out group is ever trained on. A connected part that holds more
// than a fifth of the share stays in training.
void hold_out(std::span<GroupSet> sets, double share, std::uint64_t seed);

struct MiningOptions {
  std::size_t bm25 = 50;       // candidates from each list …
  std::size_t dense = 50;      // …
  std::size_t keep = 32;       // … of which this many stay, hardest first
  double near_question = 0.8;  // passages that answer a question with this share of common terms are left out (1: only
                               // the same terms; above 1: none)
  std::size_t passage_bytes = 1200;  // of each passage that the embedder reads; costs time in proportion
  int threads = 0;                   // 0: one for each core; changes no result
};

struct MiningProgress {
  enum class Phase { embedding, searching } phase = Phase::embedding;
  std::size_t done = 0;  // texts or groups
  std::size_t total = 0;
};
using MiningProgressSink = std::function<void(const MiningProgress&)>;

// For each group the best passages by BM25 and by cosine that its source does not state, grade 0
// (for a group in training none that is held out),
// hardest first (best rank in either list). Left out, and noted in Group::avoid: texts that contain a positive or are
// contained in one, and passages that answer a nearly same question. All passages of a group get both scores. Groups
// that were mined before lose their mined passages and scores. Fails with cancelled.
Result<GroupSet> mine(const GroupSet& set, const Embedder& embedder, const MiningOptions& options,
                      const MiningProgressSink& progress = {}, std::stop_token stop = {});

// mine(), but its result is kept in `folder` (made if absent) under a name made from the set's content, the settings,
// the embedder and the segmenter, so a second call only reads it. Fails also with io.
Result<GroupSet> mine_once(const GroupSet& set, const Embedder& embedder, const MiningOptions& options,
                           const std::filesystem::path& folder, const MiningProgressSink& progress = {},
                           std::stop_token stop = {});

// Moves mined passages whose cosine is above the best positive's minus `margin` to Group::avoid: they are likely to
// answer as well. A negative margin keeps those that stand just above the positive, which are what a reranker has to
// learn beyond the cosine. Returns how many were moved; 0 for a set without cosines.
std::size_t drop_likely_answers(GroupSet& set, double margin);

// Removes groups in which more than `most` mined passages have a cosine above the best positive's minus `margin`: their
// positive hardly answers by itself ("Yes, it is."), and nothing but noise can be learned from it. To be called before
// drop_likely_answers, which moves these passages away. Returns how many were removed.
std::size_t drop_doubtful_groups(GroupSet& set, double margin, std::size_t most);

// Adds a teacher's scores: `score` is called once for each group with its query and the texts of its passages and gives
// as many numbers. Fails as `score` does, naming the group, or with bad_input when numbers are missing or not finite.
using GroupScorer =
    std::function<Result<std::vector<float>>(std::string_view query, std::span<const std::string_view> passages)>;
Status add_teacher(GroupSet& set, std::string_view teacher, const GroupScorer& score, std::stop_token stop = {});

// A set as a file: gzipped JSON lines, a header line with version, source, `note` (a JSON object of any content: inputs
// and settings) and counts, then passages, then groups. What is read is what was written, to the bit. Saving fails with
// io or bad_input (the note is no JSON object), loading with not_found, io, corrupt (naming the line) or unsupported
// (another version).
Status save_groups(const std::filesystem::path& file, const GroupSet& set, std::string_view note = "{}");
Result<GroupSet> load_groups(const std::filesystem::path& file);

}  // namespace attune::train
