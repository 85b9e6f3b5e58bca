// attune doctor: checks that nothing is lost and nothing crossed (invariant 1), and says what it found.
#include <nlohmann/json.hpp>

#include "cli/command.hpp"

namespace attune::cli {
namespace {

Status run_doctor(const CommonOptions& common, Session& session) {
  const auto workspace = Workspace::open(common.workspace());
  if (!workspace) return workspace.error();
  const auto diagnosis = diagnose(**workspace);
  if (!diagnosis) return diagnosis.error();
  const bool healthy = diagnosis->faults.empty();
  session.exit_code = healthy ? kOk : kFailed;
  if (common.json) {
    print_line(
        nlohmann::ordered_json{{"healthy", healthy}, {"faults", diagnosis->faults}, {"checked", diagnosis->checked}}
            .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return {};
  }
  for (const std::string& line : diagnosis->checked) print_line("checked: " + line);
  for (const std::string& line : diagnosis->faults) print_line("FAULT: " + line);
  print_line(healthy ? "all is well" : std::to_string(diagnosis->faults.size()) + " faults");
  return {};
}

}  // namespace

void add_doctor_command(CLI::App& app, Session& session) {
  auto common = std::make_shared<CommonOptions>();
  CLI::App* command =
      add_command(app, "doctor", "Check that database, vectors and caches fit together", "attune doctor", *common);
  add_workspace_options(*command, *common);
  on_run(command, session, [common, &session] { return run_doctor(*common, session); });
}

}  // namespace attune::cli
