// Mining takes minutes, so its result is kept under a name that says what went in.
#include <system_error>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/core/log.hpp"
#include "attune/text.hpp"
#include "attune/train/groups.hpp"

namespace attune::train {
namespace {

// Raised whenever the same input gives other groups than before.
constexpr int kMiningRules = 2;

}  // namespace

Result<GroupSet> mine_once(const GroupSet& set, const Embedder& embedder, const MiningOptions& options,
                           const std::filesystem::path& folder, const MiningProgressSink& progress,
                           std::stop_token stop) {
  const nlohmann::json note = {{"inputs", {{{"name", set.source}, {"sha256", digest_of(set)}}}},
                               {"embedder", embedder.identity()},
                               {"segmenter", text::segmenter_version()},
                               {"rules", kMiningRules},
                               {"bm25", options.bm25},
                               {"dense", options.dense},
                               {"keep", options.keep},
                               {"near_question", options.near_question},
                               {"passage_bytes", options.passage_bytes}};
  const std::string name = set.source + "-" + sha256_hex(note.dump()).substr(0, 16) + ".jsonl.gz";
  const std::filesystem::path file = folder / name;
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) return Error{ErrorKind::io, "making the folder '" + to_utf8(folder) + "': " + failure.message()};
  if (std::filesystem::exists(file, failure)) {
    auto kept = load_groups(file);
    if (kept) return kept;
    log(LogLevel::warning, "mining again: " + kept.error().text);
  }
  auto mined = mine(set, embedder, options, progress, stop);
  if (!mined) return mined;
  if (const Status saved = save_groups(file, *mined, note.dump()); !saved) {
    return saved.error().while_doing("keeping mined negatives");
  }
  return mined;
}

}  // namespace attune::train
