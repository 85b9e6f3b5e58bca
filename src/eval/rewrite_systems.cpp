// Systems that need no model: the two that every rewriter has to beat, and what others wrote.
#include <memory>
#include <unordered_map>
#include <utility>

#include "attune/core/file.hpp"
#include "attune/core/lines.hpp"
#include "attune/eval/rewriting.hpp"
#include "attune/rewrite/neural.hpp"
#include "attune/rewrite/sequence.hpp"

#include "eval/rewrite_rows.hpp"
#include "eval/rewrite_tokens.hpp"

namespace attune {
namespace {

constexpr std::size_t kMaxPredictionsBytes = 1U << 30U;

using Predictions = std::unordered_map<std::string, std::string>;

Result<std::string> keep_query(const RewriteRow& row) {
  return row.query;
}

Result<std::string> concatenate_turns(const RewriteRow& row) {
  const std::string_view between = written_without_spaces(row.language) ? "" : " ";
  std::string joined;
  for (std::size_t turn = row.history.size() % 2; turn < row.history.size(); turn += 2) {
    joined.append(row.history[turn]).append(between);
  }
  return joined + row.query;
}

// An id and what was written for it.
using Prediction = std::pair<std::string, std::string>;

Result<Prediction> parse_json(std::string_view line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return Error{ErrorKind::bad_input, "this is no JSON object"};
  auto id = row_id(object);
  if (!id) return id.error();
  auto rewrite = bounded_text(object, "rewrite", kMaxPredictionBytes);
  if (!rewrite) return rewrite.error();
  return Prediction{*std::move(id), *std::move(rewrite)};
}

Result<Prediction> parse_columns(std::string_view line) {
  const auto tab = line.find('\t');
  if (tab == std::string_view::npos || tab == 0 || line.find('\t', tab + 1) != std::string_view::npos) {
    return Error{ErrorKind::bad_input, "this is not two columns, id and rewrite, with a tab between them"};
  }
  if (tab > kMaxRowIdBytes || line.size() - tab > kMaxPredictionBytes) {
    return Error{ErrorKind::too_large, "the id or the rewrite is too long"};
  }
  return Prediction{line.substr(0, tab), line.substr(tab + 1)};
}

// The name without .gz and without what tells the format.
std::filesystem::path plain_name(const std::filesystem::path& file) {
  return file.extension() == ".gz" ? file.stem() : file.filename();
}

}  // namespace

Result<NamedRewriteSystem> find_rewrite_system(std::string_view name) {
  if (name == "raw") return NamedRewriteSystem{"raw", keep_query, std::nullopt};
  if (name == "concatenate") return NamedRewriteSystem{"concatenate", concatenate_turns, std::nullopt};
  return Error{ErrorKind::bad_input, "'" + std::string(name) + "' is no system; there are raw, concatenate and neural"};
}

Result<NamedRewriteSystem> open_neural_system(const std::filesystem::path& models, int threads) {
  auto opened = NeuralRewriter::open(models / "embedder", models / "rewriter" / "model.safetensors", threads);
  if (!opened) return opened.error();
  const std::shared_ptr<const NeuralRewriter> rewriter = std::move(*opened);
  const auto rewrite = [rewriter](const RewriteRow& row) -> Result<std::string> {
    auto rewritten = rewriter->rewrite({row.history, row.query});
    if (!rewritten) return rewritten.error();
    return std::move(rewritten->text);
  };
  return NamedRewriteSystem{"neural", rewrite, std::nullopt};
}

Result<NamedRewriteSystem> open_sequence_system(const std::filesystem::path& file, const std::filesystem::path& models,
                                                int threads) {
  auto opened = SequenceWriter::open(file, models / "embedder", threads);
  if (!opened) return opened.error();
  const std::shared_ptr<const SequenceWriter> writer = std::move(*opened);
  const auto write = [writer](const RewriteRow& row) -> Result<std::string> {
    return writer->write({row.history, row.query});
  };
  const std::filesystem::path whole = std::filesystem::absolute(file).lexically_normal();
  return NamedRewriteSystem{to_utf8(whole.parent_path().filename() / whole.stem()), write, std::nullopt};
}

Result<NamedRewriteSystem> load_rewrite_predictions(const std::filesystem::path& file) {
  const auto predictions = std::make_shared<Predictions>();
  const auto name = plain_name(file);
  const auto parse = name.extension() == ".tsv" ? parse_columns : parse_json;
  std::size_t bytes = 0;
  const Status read = for_each_line(plain_or_gzipped(file), [&](std::string_view line) -> Status {
    auto prediction = parse(line);
    if (!prediction) return prediction.error();
    bytes += prediction->first.size() + prediction->second.size();
    if (bytes > kMaxPredictionsBytes || predictions->size() == kMaxRewriteRows) {
      return Error{ErrorKind::too_large, "there are too many predictions"};
    }
    if (predictions->contains(prediction->first)) {
      return Error{ErrorKind::bad_input, "the id '" + prediction->first + "' came before"};
    }
    predictions->insert(*std::move(prediction));
    return {};
  });
  if (!read) return read.error();
  const auto look_up = [predictions](const RewriteRow& row) -> Result<std::string> {
    const auto found = predictions->find(row.id);
    if (found == predictions->end()) return Error{ErrorKind::not_found, "nothing was written for it"};
    return found->second;
  };
  return NamedRewriteSystem{to_utf8(name.stem()), look_up, predictions->size()};
}

}  // namespace attune
