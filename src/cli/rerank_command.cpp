// attune rerank --query Q FILE.jsonl: scores each text next to the query, best first.
#include <algorithm>
#include <numeric>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/text_lines.hpp"

namespace attune::cli {
namespace {

struct RerankCommandOptions {
  CommonOptions common;
  std::string query;
  std::string file;
};

// The "text" of each line. Fails with bad_input, naming the line.
Result<std::vector<std::string>> read_texts(const std::string& file) {
  const auto lines = read_lines(file);
  if (!lines) return lines.error();
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < lines->size(); ++i) {
    if ((*lines)[i].empty()) continue;
    const auto json = nlohmann::json::parse((*lines)[i], nullptr, false);
    if (!json.is_object() || !json.contains("text") || !json["text"].is_string()) {
      return Error{ErrorKind::bad_input, file + ": line " + std::to_string(i + 1) + " is not {\"text\": \"…\"}"};
    }
    texts.push_back(json["text"].get<std::string>());
  }
  return texts;
}

Status run_rerank(const RerankCommandOptions& options, Session& session) {
  const auto texts = read_texts(options.file);
  if (!texts) return texts.error();
  const auto models = options.common.models.empty() ? default_models() : options.common.models;
  const auto embedder = open_embedder(models / "embedder", {.threads = options.common.threads});
  if (!embedder) return embedder.error();
  const auto reranker = open_reranker(models / "reranker", embedder->get());
  if (!reranker && reranker.error().kind != ErrorKind::unavailable) return reranker.error();
  const std::vector<std::string_view> views(texts->begin(), texts->end());
  const auto scored =
      score_pairs(embedder->get(), reranker ? reranker->get() : nullptr, options.query, views, session.stop);
  if (!scored) return scored.error();

  std::vector<std::size_t> order(texts->size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater{}, [&](std::size_t i) { return scored->scores[i]; });
  const std::string note =
      scored->cross_encoder ? "" : "no cross-encoder is loaded: scores are the cosine of " + scored->scorer;
  if (options.common.json) {
    auto results = nlohmann::ordered_json::array();
    for (const std::size_t i : order) {
      results.push_back({{"index", i}, {"score", scored->scores[i]}});
      if (!scored->relevance.empty()) results.back()["relevance"] = scored->relevance[i];
    }
    nlohmann::ordered_json json{{"results", std::move(results)}, {"model", scored->scorer}};
    json["notes"] = note.empty() ? nlohmann::json::array() : nlohmann::json::array({note});
    print_line(json.dump());
    return {};
  }
  for (const std::size_t i : order) print_line(std::to_string(scored->scores[i]) + "  " + (*texts)[i]);
  if (!note.empty()) print_line("note: " + note);
  return {};
}

}  // namespace

void add_rerank_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<RerankCommandOptions>();
  CLI::App* command = add_command(app, "rerank", "Order texts by how well they answer a query",
                                  "attune rerank --query 'how do vines climb' passages.jsonl --json", options->common);
  command->add_option("--models", options->common.models, "folder with the models");
  command->add_option("--threads", options->common.threads, "threads; 0 means one for each core")
      ->check(CLI::Range(0, 1024));
  command->add_option("--query", options->query, "the query")->required();
  command->add_option("FILE", options->file, "JSON lines {\"text\": \"…\"}; '-' is standard input")->required();
  on_run(command, session, [options, &session] { return run_rerank(*options, session); });
}

}  // namespace attune::cli
