// attune rewrite QUESTION --history TURN…: the question as it stands alone, and where its new words come from.
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/core/lines.hpp"
#include "attune/pipeline.hpp"
#include "attune/rewrite/neural.hpp"

#include "cli/command.hpp"

namespace attune::cli {
namespace {

struct RewriteCommandOptions {
  CommonOptions common;
  std::string question;
  std::vector<std::string> history;
  std::string batch;
  std::filesystem::path output;
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

// One line after the other of a file, plain or gzipped, or of standard input; empty ones are left out.
Status for_each_batch_line(const std::string& path, const std::function<Status(const std::string&)>& take) {
  if (path != "-") {
    return for_each_line(path, [&](std::string_view line) { return take(std::string(line)); });
  }
  std::size_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    if (const Status taken = take(line); !taken) {
      return taken.error().while_doing("standard input: line " + std::to_string(number));
    }
  }
  return {};
}

std::string id_of(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  return json.is_object() && json.contains("id") ? json["id"].dump() : "";
}

// The file of a batch: what an earlier call left in it stays, but for a last line that it could not finish.
class BatchOutput {
 public:
  Status open(const std::filesystem::path& file) {
    file_ = file;
    std::error_code absent;
    if (const auto size = std::filesystem::file_size(file, absent); !absent) {
      std::ifstream old(file, std::ios::binary);
      std::uintmax_t whole = 0;
      for (std::string line; std::getline(old, line) && !old.eof();) {
        whole += line.size() + 1;
        ids_.push_back(id_of(line));
      }
      if (whole < size) std::filesystem::resize_file(file, whole, absent);
    }
    stream_.open(file, std::ios::binary | std::ios::app);
    if (!stream_) return Error{ErrorKind::io, "'" + to_utf8(file) + "' cannot be written"};
    return {};
  }
  // Whether line `index` of the input was rewritten before. Fails with conflict if another line was.
  [[nodiscard]] Result<bool> has(std::size_t index, const std::string& line) const {
    if (index >= ids_.size()) return false;
    if (ids_[index] == id_of(line)) return true;
    return Error{ErrorKind::conflict,
                 "'" + to_utf8(file_) + "' holds the rewrites of another file; name another --out"};
  }
  Status put(const std::string& line) {
    stream_ << line << '\n' << std::flush;
    if (!stream_) return Error{ErrorKind::io, "'" + to_utf8(file_) + "' cannot be written"};
    return {};
  }

 private:
  std::filesystem::path file_;
  std::ofstream stream_;
  std::vector<std::string> ids_;
};

Status run_batch(const RewriteCommandOptions& options, const NeuralRewriter& rewriter, const Session& session) {
  BatchOutput output;
  const bool keeps = !options.output.empty();
  if (keeps) {
    if (const Status opened = output.open(options.output); !opened) return opened;
  }
  std::size_t index = 0;
  return for_each_batch_line(options.batch, [&](const std::string& line) -> Status {
    if (session.stop.stop_requested()) return Error{ErrorKind::cancelled, "rewriting was stopped"};
    if (keeps) {
      const auto done = output.has(index++, line);
      if (!done) return done.error();
      if (*done) return {};
    }
    const auto out = rewrite_line(line, rewriter, options.neural);
    if (!out) return out.error();
    if (keeps) return output.put(dumped(*out));
    print_line(dumped(*out));
    std::fflush(stdout);
    return {};
  });
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
  if (!options.output.empty() && options.batch.empty()) {
    return Error{ErrorKind::bad_input, "--out is for --batch"};
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
  command->add_option("--out", options->output,
                      "of --batch: a file to write to; what is there already is not rewritten again, so that the same "
                      "command goes on after a stop");
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
