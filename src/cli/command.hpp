// One command of the program: a function that adds it to the parser, and what all commands share. A new command is one
// file, one line here and one in main.cpp.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "attune/core/result.hpp"
#include "attune/data/query.hpp"
#include "attune/pipeline.hpp"

namespace attune::cli {

// Exit codes, as ARCHITECTURE.md names them.
inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;
inline constexpr int kBadUsage = 2;
inline constexpr int kSkippedInput = 3;

// What a command needs from the outside, and the exit code that it leaves.
struct Session {
  std::stop_token stop;  // requested by Ctrl-C or SIGTERM
  int exit_code = kOk;
};

// Options that most commands have.
struct CommonOptions {
  std::filesystem::path database;
  std::filesystem::path models;
  int threads = 0;
  bool json = false;

  [[nodiscard]] WorkspaceOptions workspace() const {
    return {.database = database, .models = models, .threads = threads, .with_embedder = true, .vectors = {}};
  }
};

// A subcommand with an example at the end of its --help, and --json.
CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description,
                      const std::string& example, CommonOptions& common);
// --db, --models and --threads, for commands that open a workspace.
void add_workspace_options(CLI::App& command, CommonOptions& common);

// --precision i8|f32, the arithmetic of models.
void add_precision_option(CLI::App& command, nn::Precision& precision);

// --collection, --path, --language, --format and --meta key=value.
struct FilterOptions {
  Filters filters;
  std::vector<std::string> metadata;  // "key=value"

  void add_to(CLI::App& command);
  // Fails with bad_input on metadata without '='.
  [[nodiscard]] Result<Filters> parsed() const;
};

// Runs `action` when the command was chosen; a failure is printed as one sentence and makes the exit code 1.
void on_run(CLI::App* command, Session& session, std::function<Status()> action);

void print_line(const std::string& text);
void print_error(const std::string& text);
bool stdout_is_terminal();
bool stderr_is_terminal();

void add_bench_command(CLI::App& app, Session& session);
void add_completion_command(CLI::App& app, Session& session);
void add_doctor_command(CLI::App& app, Session& session);
void add_embed_command(CLI::App& app, Session& session);
void add_eval_command(CLI::App& app, Session& session);
void add_eval_rewrite(CLI::App& eval, Session& session);  // a part of eval
void add_explain_command(CLI::App& app, Session& session);
void add_index_command(CLI::App& app, Session& session);
void add_model_command(CLI::App& app, Session& session);
void add_remove_command(CLI::App& app, Session& session);
void add_rerank_command(CLI::App& app, Session& session);
void add_rewrite_command(CLI::App& app, Session& session);
void add_search_command(CLI::App& app, Session& session);
void add_serve_command(CLI::App& app, Session& session);
void add_status_command(CLI::App& app, Session& session);
void add_train_command(CLI::App& app, Session& session);

}  // namespace attune::cli
