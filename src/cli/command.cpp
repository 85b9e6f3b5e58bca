#include "cli/command.hpp"

#include <cstdio>
#include <utility>

#include <unistd.h>

namespace attune::cli {

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description,
                      const std::string& example, CommonOptions& common) {
  CLI::App* command = app.add_subcommand(name, description);
  command->footer("Example:\n  " + example);
  command->add_flag("--json", common.json, "print JSON for machines");
  return command;
}

void add_precision_option(CLI::App& command, nn::Precision& precision) {
  const std::map<std::string, nn::Precision> names = {{"i8", nn::Precision::i8}, {"f32", nn::Precision::f32}};
  command.add_option("--precision", precision, "arithmetic: i8 (quick) or f32 (exact)")
      ->transform(CLI::CheckedTransformer(names))
      ->default_str("i8")
      ->option_text("i8|f32 [i8]");
}

void add_workspace_options(CLI::App& command, CommonOptions& common) {
  command.add_option("--db", common.database, "database file (default: $ATTUNE_DB, else the user's data folder)");
  command.add_option("--models", common.models, "folder with the models (default: $ATTUNE_MODELS, else as installed)");
  command.add_option("--threads", common.threads, "threads for models; 0 means one for each core")
      ->check(CLI::Range(0, 1024));
}

void FilterOptions::add_to(CLI::App& command) {
  command.add_option("--collection", filters.collections, "only these collections");
  command.add_option("--path", filters.paths, "only paths that match a glob, for example 'manuals/**'");
  command.add_option("--language", filters.languages, "only these languages, for example zh");
  command.add_option("--format", filters.formats, "only these formats, for example pdf");
  command.add_option("--meta", metadata, "only documents with this metadata: key=value");
}

Result<Filters> FilterOptions::parsed() const {
  Filters parsed = filters;
  for (const std::string& pair : metadata) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorKind::bad_input, "--meta wants key=value, not '" + pair + "'"};
    }
    parsed.metadata[pair.substr(0, equals)].push_back(pair.substr(equals + 1));
  }
  return parsed;
}

void on_run(CLI::App* command, Session& session, std::function<Status()> action) {
  command->callback([&session, action = std::move(action)] {
    const Status status = action();
    if (status) return;
    print_error(status.error().text);
    session.exit_code = status.error().kind == ErrorKind::bad_input ? kBadUsage : kFailed;
  });
}

void print_line(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

void print_error(const std::string& text) {
  std::fprintf(stderr, "attune: %s\n", text.c_str());
}

bool stdout_is_terminal() {
  return ::isatty(STDOUT_FILENO) == 1;
}
bool stderr_is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

}  // namespace attune::cli
