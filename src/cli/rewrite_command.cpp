// attune rewrite QUESTION --history TURN…: the question as it stands alone, and where its new words come from.
#include <nlohmann/json.hpp>

#include "attune/pipeline.hpp"
#include "attune/rewrite/neural.hpp"

#include "cli/command.hpp"
#include "cli/text_lines.hpp"

namespace attune::cli {
namespace {

struct RewriteCommandOptions {
  CommonOptions common;
  std::string question;
  std::vector<std::string> history;
  std::string batch;
  NeuralOptions neural;
};

nlohmann::ordered_json span_json(const ByteSpan& span) {
  return {{"start", span.start}, {"end", span.end}};
}

nlohmann::ordered_json to_json(const NeuralRewrite& rewrite, const std::vector<std::string>& history) {
  auto copied = nlohmann::ordered_json::array();
  for (const EditedText::Copied& span : rewrite.copied) {
    auto also = nlohmann::ordered_json::array();
    for (const EditedText::Place& place : span.also) {
      also.push_back({{"turn", place.turn}, {"source", span_json(place.source)}, {"weight", place.weight}});
    }
    copied.push_back({{"text", span.output.of(rewrite.text)},
                      {"output", span_json(span.output)},
                      {"turn", span.turn},
                      {"source", span_json(span.source)},
                      {"said", span.source.of(history[span.turn])},
                      {"weight", span.weight},
                      {"also", std::move(also)}});
  }
  return {{"rewrite", rewrite.text},
          {"changed", rewrite.changed},
          {"confidence", rewrite.confidence},
          {"unchanged", rewrite.unchanged},
          {"copied", std::move(copied)}};
}

std::string dumped(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void print_rewrite(const NeuralRewrite& rewrite) {
  print_line(rewrite.text);
  for (const EditedText::Copied& span : rewrite.copied) {
    print_line("  \"" + std::string(span.output.of(rewrite.text)) + "\" from turn " + std::to_string(span.turn + 1));
  }
  if (!rewrite.changed) print_line("  left as it is");
}

// A line {"query", "history"?, "id"?}.
Result<nlohmann::ordered_json> rewrite_line(const std::string& line, const NeuralRewriter& rewriter,
                                            const NeuralOptions& options) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const Error wrong{ErrorKind::bad_input, "this is not {\"query\": \"…\", \"history\": [\"…\"]}"};
  if (!json.is_object() || !json.contains("query") || !json["query"].is_string()) return wrong;
  Conversation conversation{{}, json["query"].get<std::string>()};
  if (json.contains("history")) {
    if (!json["history"].is_array()) return wrong;
    for (const auto& turn : json["history"]) {
      if (!turn.is_string()) return wrong;
      conversation.history.push_back(turn.get<std::string>());
    }
  }
  const auto rewritten = rewriter.rewrite(conversation, options);
  if (!rewritten) return rewritten.error();
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  if (json.contains("id")) out["id"] = json["id"];
  out.update(to_json(*rewritten, conversation.history));
  return out;
}

Status run_batch(const RewriteCommandOptions& options, const NeuralRewriter& rewriter, const Session& session) {
  const auto lines = read_lines(options.batch);
  if (!lines) return lines.error();
  for (std::size_t i = 0; i < lines->size(); ++i) {
    if ((*lines)[i].empty()) continue;
    if (session.stop.stop_requested()) return Error{ErrorKind::cancelled, "rewriting was stopped"};
    const auto out = rewrite_line((*lines)[i], rewriter, options.neural);
    if (!out) return out.error().while_doing(options.batch + ": line " + std::to_string(i + 1));
    print_line(dumped(*out));
  }
  return {};
}

// All rewrites that a search in this database would use.
Status show_all(const RewriteCommandOptions& options) {
  if (!options.batch.empty()) return Error{ErrorKind::bad_input, "--batch and --db do not go together"};
  const auto workspace = Workspace::open(options.common.workspace());
  if (!workspace) return workspace.error();
  const auto rewriting =
      (*workspace)->rewriter().rewrite({options.history, options.question}, {.neural = options.neural});
  if (!rewriting) return rewriting.error();
  if (options.common.json) {
    print_line(rewriting_to_json(*rewriting, 2));
    return {};
  }
  for (const Rewrite& rewrite : rewriting->rewrites) {
    print_line(std::string(name_of(rewrite.kind)) + ": " + rewrite.text);
    print_line("  " + rewrite.why);
  }
  if (rewriting->rewrites.empty()) print_line("The question would be searched as it is.");
  return {};
}

Status run_rewrite(const RewriteCommandOptions& options, Session& session) {
  if (options.question.empty() == options.batch.empty()) {
    return Error{ErrorKind::bad_input, "name a question, or a file of them with --batch"};
  }
  if (!options.common.database.empty()) return show_all(options);
  const auto models = options.common.models.empty() ? default_models() : options.common.models;
  const auto rewriter =
      NeuralRewriter::open(models / "embedder", models / "rewriter" / "model.safetensors", options.common.threads);
  if (!rewriter) return rewriter.error();
  if (!options.batch.empty()) return run_batch(options, **rewriter, session);
  const auto rewritten = (*rewriter)->rewrite({options.history, options.question}, options.neural);
  if (!rewritten) return rewritten.error();
  if (options.common.json) {
    print_line(dumped(to_json(*rewritten, options.history)));
  } else {
    print_rewrite(*rewritten);
  }
  return {};
}

}  // namespace

void add_rewrite_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<RewriteCommandOptions>();
  CLI::App* command =
      add_command(app, "rewrite", "Say a question so that it stands without its conversation",
                  "attune rewrite 'where did he go then?' --history 'Did Larsson play for Barcelona?' --history 'Yes, "
                  "until 2006.'",
                  options->common);
  command->add_option("QUESTION", options->question, "the last question of the conversation");
  command->add_option("--history", options->history, "what was said before it, oldest first; once for each turn")
      ->allow_extra_args(false);
  command->add_option("--batch", options->batch,
                      "JSON lines {\"query\", \"history\", \"id\"?}; '-' is standard input. Writes a line for each");
  command->add_option("--db", options->common.database, "a database: show every rewrite that a search in it would use");
  command->add_option("--beam", options->neural.beam, "edits that are followed at a time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  command->add_option("--models", options->common.models, "folder with the models");
  command->add_option("--threads", options->common.threads, "threads; 0 means one for each core")
      ->check(CLI::Range(0, 1024));
  on_run(command, session, [options, &session] { return run_rewrite(*options, session); });
}

}  // namespace attune::cli
