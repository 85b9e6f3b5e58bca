// attune completion SHELL: a completion script, made from the parser itself, so that it can't lag behind.
#include "cli/command.hpp"

namespace attune::cli {
namespace {

constexpr std::string_view kShells = "bash, zsh or fish";

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> subcommand_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* subcommand : command.get_subcommands({})) names.push_back(subcommand->get_name());
  return names;
}

// One "case" of a shell's completion function for each command: "index) words='--db --json …';;".
void add_cases(const CLI::App& command, const std::string& prefix, std::string& cases) {
  for (const CLI::App* subcommand : command.get_subcommands({})) {
    const std::string name = prefix.empty() ? subcommand->get_name() : prefix + " " + subcommand->get_name();
    std::vector<std::string> words = subcommand_names(*subcommand);
    for (std::string& option : option_names(*subcommand)) words.push_back(std::move(option));
    cases += "    '" + name + "') words='" + joined(words) + "';;\n";
    add_cases(*subcommand, name, cases);
  }
}

std::string bash_script(const CLI::App& app) {
  std::string cases;
  add_cases(app, "", cases);
  return "_attune() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} command='' words='' word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $word in -*) break;; *) command=\"${command:+$command }$word\";; esac\n"
         "  done\n"
         "  while :; do\n"
         "  case $command in\n"
         "    '') words='" +
         joined(subcommand_names(app)) + " --help --version';;\n" + cases +
         "    *' '*) command=${command% *}; continue;;\n"
         "  esac\n"
         "  break\n"
         "  done\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "  [[ $current == -* || $command == '' ]] || COMPREPLY+=($(compgen -f -- \"$current\"))\n"
         "}\n"
         "complete -o filenames -F _attune attune\n";
}

// zsh runs bash's completion functions.
std::string zsh_script(const CLI::App& app) {
  return "#compdef attune\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(app);
}

std::string fish_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char byte : text) quoted += byte == '\'' ? std::string("\\'") : std::string(1, byte);
  return quoted + "'";
}

std::string fish_script(const CLI::App& app) {
  std::string script;
  for (const CLI::App* command : app.get_subcommands({})) {
    script += "complete -c attune -n __fish_use_subcommand -a " + command->get_name() + " -d " +
              fish_quoted(command->get_description()) + "\n";
    const std::string inside = "complete -c attune -n '__fish_seen_subcommand_from " + command->get_name() + "' ";
    for (const std::string& name : subcommand_names(*command)) script += inside + "-a " + name + "\n";
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        script += inside + "-l " + name + " -d " + fish_quoted(option->get_description()) + "\n";
      }
    }
  }
  return script;
}

}  // namespace

void add_completion_command(CLI::App& app, Session& session) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for a shell");
  command->footer("Example:\n  attune completion bash > ~/.local/share/bash-completion/completions/attune");
  command->add_option("SHELL", *shell, std::string(kShells))->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  on_run(command, session, [&app, shell]() -> Status {
    print_line(*shell == "fish" ? fish_script(app) : *shell == "zsh" ? zsh_script(app) : bash_script(app));
    return {};
  });
}

}  // namespace attune::cli
