// attune embed: texts in, unit vectors out.
#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/embed.hpp"

#include "cli/command.hpp"
#include "cli/text_lines.hpp"

namespace attune::cli {
namespace {

struct EmbedCommandOptions {
  CommonOptions common;
  std::vector<std::string> texts;
  std::string file;
  std::string role = "query";
  nn::Precision precision = nn::Precision::i8;
};

void print_vectors(const EmbedCommandOptions& options, const Embedder& embedder, const Embeddings& embeddings,
                   std::size_t count) {
  const auto row = [&](std::size_t i) {
    const auto values = embeddings.row(i);
    return nlohmann::ordered_json(std::vector<float>(values.begin(), values.end()));
  };
  if (!options.common.json) {
    for (std::size_t i = 0; i < count; ++i) print_line(row(i).dump());
    return;
  }
  auto vectors = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < count; ++i) vectors.push_back(row(i));
  print_line(nlohmann::ordered_json{{"model", embedder.identity()},
                                    {"dimension", embeddings.dimension},
                                    {"tokens", embeddings.tokens},
                                    {"truncated", embeddings.truncated},
                                    {"embeddings", std::move(vectors)}}
                 .dump());
}

Status run_embed(const EmbedCommandOptions& options, Session& session) {
  std::vector<std::string> texts = options.texts;
  if (texts.empty()) {
    auto lines = read_lines(options.file.empty() ? "-" : options.file);
    if (!lines) return lines.error();
    texts = *std::move(lines);
  }
  const auto models = options.common.models.empty() ? default_models() : options.common.models;
  const auto embedder =
      open_embedder(models / "embedder", {.threads = options.common.threads, .precision = options.precision});
  if (!embedder) return embedder.error();
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const EmbedRole role = options.role == "query" ? EmbedRole::query : EmbedRole::passage;
  const auto embeddings = (*embedder)->embed(views, role, session.stop);
  if (!embeddings) return embeddings.error();
  print_vectors(options, **embedder, *embeddings, texts.size());
  return {};
}

}  // namespace

void add_embed_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<EmbedCommandOptions>();
  CLI::App* command = add_command(app, "embed", "Turn texts into vectors, one JSON array a line",
                                  "attune embed --role passage 'a first text' 'a second text'", options->common);
  add_workspace_options(*command, options->common);
  command->add_option("TEXT", options->texts, "texts (default: the lines of --file)");
  command->add_option("--file", options->file, "file with one text a line; '-' is standard input (default)");
  command->add_option("--role", options->role, "what the texts are: query or passage")
      ->check(CLI::IsMember({"query", "passage"}))
      ->capture_default_str();
  add_precision_option(*command, options->precision);
  on_run(command, session, [options, &session] { return run_embed(*options, session); });
}

}  // namespace attune::cli
