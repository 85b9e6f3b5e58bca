// attune serve: HTTP and the web page, until Ctrl-C.
#include <cstdlib>

#include "attune/core/file.hpp"
#include "attune/core/log.hpp"
#include "attune/server.hpp"

#include "cli/command.hpp"
#include "cli/text_lines.hpp"

namespace attune::cli {
namespace {

struct ServeCommandOptions {
  CommonOptions common;
  ServeOptions serve;
  std::string api_key_file;
  bool verbose = false;
};

// One key a line; ATTUNE_API_KEY is one more. Keys are not taken from the command line, where other users could see
// them.
Result<std::vector<std::string>> read_api_keys(const std::string& file) {
  std::vector<std::string> keys;
  if (!file.empty()) {
    const auto lines = read_lines(file);
    if (!lines) return lines.error().while_doing("reading the API keys");
    for (const std::string& line : *lines) {
      if (!line.empty()) keys.push_back(line);
    }
  }
  if (const char* key = std::getenv("ATTUNE_API_KEY"); key != nullptr && *key != '\0') keys.emplace_back(key);
  return keys;
}

Status run_serve(const ServeCommandOptions& options, Session& session) {
  ServeOptions serve_options = options.serve;
  auto keys = read_api_keys(options.api_key_file);
  if (!keys) return keys.error();
  serve_options.api_keys = *std::move(keys);
  const LogLevel threshold = options.verbose ? LogLevel::debug : LogLevel::warning;
  set_log_sink([threshold](LogLevel level, std::string_view message) {
    if (level >= threshold) print_error(std::string(message));
  });
  const auto workspace = Workspace::open(options.common.workspace());
  if (!workspace) return workspace.error();
  for (const std::string& note : (*workspace)->notes()) print_error(note);
  const auto on_ready = [](const std::string& url) { print_line("Attune answers at " + url + "  (Ctrl-C ends it)"); };
  return serve(**workspace, serve_options, session.stop, on_ready);
}

}  // namespace

void add_serve_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<ServeCommandOptions>();
  CLI::App* command = add_command(app, "serve", "Answer over HTTP and on a web page",
                                  "attune serve --port 8080 --root ~/Documents", options->common);
  add_workspace_options(*command, options->common);
  command->add_option("--port", options->serve.port, "port; 0 means any free one")->capture_default_str();
  command->add_option("--host", options->serve.address, "address to listen on; off loopback needs an API key")
      ->capture_default_str();
  command->add_option("--root", options->serve.roots, "folders that clients may have indexed");
  command->add_option("--allow-host", options->serve.allowed_hosts, "further names for the Host header");
  command->add_option("--api-key-file", options->api_key_file, "file with one API key a line (also: $ATTUNE_API_KEY)");
  command->add_flag("--verbose,-v", options->verbose, "log every request");
  on_run(command, session, [options, &session] { return run_serve(*options, session); });
}

}  // namespace attune::cli
