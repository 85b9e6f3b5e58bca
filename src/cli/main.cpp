// The program: parses the command line, runs one command, and leaves its exit code.
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/signals.hpp"

namespace attune::cli {
namespace {

int run(int argc, char** argv) {
  const SignalWatch signals;
  Session session{.stop = signals.token(), .exit_code = kOk};
  CLI::App app("Attune searches your own documents: words, meaning, and a citation for every answer.", "attune");
  app.set_version_flag("--version", std::string("attune ") + ATTUNE_VERSION);
  app.require_subcommand(1);
  app.footer("Start with:\n  attune index FOLDER\n  attune search 'a question'\n  attune serve");
  add_index_command(app, session);
  add_search_command(app, session);
  add_serve_command(app, session);
  add_status_command(app, session);
  add_remove_command(app, session);
  add_rerank_command(app, session);
  add_rewrite_command(app, session);
  add_embed_command(app, session);
  add_explain_command(app, session);
  add_model_command(app, session);
  add_train_command(app, session);
  add_eval_command(app, session);
  add_bench_command(app, session);
  add_doctor_command(app, session);
  add_completion_command(app, session);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked_for_help) {
    return app.exit(asked_for_help);
  } catch (const CLI::ParseError& wrong) {
    app.exit(wrong);
    return kBadUsage;
  }
  return session.exit_code;
}

}  // namespace
}  // namespace attune::cli

int main(int argc, char** argv) {
  try {
    return attune::cli::run(argc, argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "attune: internal error: %s\n", failure.what());
    return attune::cli::kFailed;
  }
}
