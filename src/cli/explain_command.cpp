// attune explain attention: the loaded model's attention, step by step, as text, JSON or a picture.
#include <cstdlib>

#include "attune/core/file.hpp"
#include "attune/explain.hpp"

#include "cli/command.hpp"

namespace attune::cli {
namespace {

struct ExplainCommandOptions {
  CommonOptions common;
  AttentionRequest request;
  std::filesystem::path model;
  std::vector<std::string> links;
  std::string role = "none";
  std::string svg;
};

// "it:animal". The last colon parts them, so that a word may hold one.
Result<AttentionRequest::Link> parse_link(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    return Error{ErrorKind::bad_input,
                 "--link wants two words with a colon between, like it:animal, not '" + text + "'"};
  }
  return AttentionRequest::Link{text.substr(0, colon), text.substr(colon + 1)};
}

// Colours for eyes at a terminal that did not ask to be spared them (https://no-color.org).
HeatMapStyle style_for_stdout() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool refused =
      (no_color != nullptr && *no_color != '\0') || (terminal != nullptr && std::string_view(terminal) == "dumb");
  return stdout_is_terminal() && !refused ? HeatMapStyle::ansi : HeatMapStyle::shading;
}

Status run_explain(const ExplainCommandOptions& options) {
  if (options.common.json && options.svg == "-") {
    return Error{ErrorKind::bad_input, "--json and --svg - both want the output; give --svg a file"};
  }
  AttentionRequest request = options.request;
  for (const std::string& text : options.links) {
    auto link = parse_link(text);
    if (!link) return link.error();
    request.links.push_back(std::move(link).value());
  }
  const auto explainer =
      AttentionExplainer::open(options.model.empty() ? default_models() / "embedder" : options.model);
  if (!explainer) return explainer.error();
  const ModelDescription& model = (*explainer)->description();
  if (options.role != "none") request.prefix = options.role == "query" ? model.query_prefix : model.passage_prefix;
  const auto explanation = (*explainer)->explain(request);
  if (!explanation) return explanation.error();

  if (options.svg == "-") {
    print_line(attention_svg(*explanation));
    return {};
  }
  if (!options.svg.empty()) {
    const Status written = write_file_durably(options.svg, attention_svg(*explanation));
    if (!written) return written.error().while_doing("writing the picture");
  }
  print_line(options.common.json ? attention_json(*explanation) : attention_text(*explanation, style_for_stdout()));
  return {};
}

void add_attention(CLI::App& explain, Session& session) {
  auto options = std::make_shared<ExplainCommandOptions>();
  CLI::App* command = add_command(
      explain, "attention", "Show what a token of a text reads from the others, step by step with the model's numbers",
      "attune explain attention \"The animal didn't cross the street because it was too tired\" --link it:animal",
      options->common);
  command->add_option("TEXT", options->request.text, "a sentence or two")->required();
  command->add_option(
      "--token", options->request.token,
      "whose attention: a word of the text, or a token's number from 1 (default: the first of the text)");
  command->add_option("--layer", options->request.layer, "from 1 (default: chosen together with the head)")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--head", options->request.head,
                   "from 1 (default: the one in which the token takes most from one piece of another word, or links "
                   "the words of --link most)")
      ->check(CLI::PositiveNumber);
  command->add_option("--link", options->links, "FROM:TO, two words: rank all heads by how much FROM takes from TO")
      ->take_all();
  command
      ->add_option(
          "--role", options->role,
          "put the embedder's prefix for a query or passage in front, as search does; none reads the text alone")
      ->check(CLI::IsMember({"query", "passage", "none"}))
      ->capture_default_str();
  command->add_option("--model", options->model, "directory of a model (default: the embedder that ships)");
  command->add_option("--svg", options->svg, "also write a picture to this file; '-' prints it instead of the text");
  on_run(command, session, [options] { return run_explain(*options); });
}

}  // namespace

void add_explain_command(CLI::App& app, Session& session) {
  CLI::App* explain = app.add_subcommand("explain", "Show what attention looked at");
  explain->footer("Example:\n  attune explain attention 'Thinking Machines'");
  explain->require_subcommand(1);
  add_attention(*explain, session);
}

}  // namespace attune::cli
