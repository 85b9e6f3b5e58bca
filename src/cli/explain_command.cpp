// attune explain: a loaded model's attention step by step, how a sequence model aligns its words, and what a recurrent
// one remembers; as text, JSON or a picture.
#include <cstdlib>
#include <functional>
#include <memory>

#include "attune/core/file.hpp"
#include "attune/explain.hpp"
#include "attune/explain/contexts.hpp"
#include "attune/explain/sequence.hpp"

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

// The three forms of one explanation, made when they are asked for.
struct Forms {
  std::function<std::string()> text, json, svg;
};

Status print_explanation(const CommonOptions& common, const std::string& svg, const Forms& forms) {
  if (common.json && svg == "-") {
    return Error{ErrorKind::bad_input, "--json and --svg - both want the output; give --svg a file"};
  }
  if (svg == "-") {
    print_line(forms.svg());
    return {};
  }
  if (!svg.empty()) {
    const Status written = write_file_durably(svg, forms.svg());
    if (!written) return written.error().while_doing("writing the picture");
  }
  print_line(common.json ? forms.json() : forms.text());
  return {};
}

Status run_explain(const ExplainCommandOptions& options) {
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

  return print_explanation(options.common, options.svg,
                           {.text = [&] { return attention_text(*explanation, style_for_stdout()); },
                            .json = [&] { return attention_json(*explanation); },
                            .svg = [&] { return attention_svg(*explanation); }});
}

struct SequenceCommandOptions {
  CommonOptions common;
  SequenceRequest request;
  std::filesystem::path model;
  std::string svg;
};

Result<SequenceExplanation> explained(const SequenceCommandOptions& options, const char* architecture) {
  const std::filesystem::path models = options.common.models.empty() ? default_models() : options.common.models;
  const std::filesystem::path file =
      options.model.empty() ? models / "sequence" / (std::string(architecture) + ".safetensors") : options.model;
  const auto writer = SequenceWriter::open(file, models / "embedder", options.common.threads);
  if (!writer) return writer.error();
  return explain_sequence(**writer, options.request);
}

Status run_alignment(const SequenceCommandOptions& options) {
  const auto explanation = explained(options, "rnn-attention");
  if (!explanation) return explanation.error();
  return print_explanation(options.common, options.svg,
                           {.text = [&] { return alignment_text(*explanation, style_for_stdout()); },
                            .json = [&] { return alignment_json(*explanation); },
                            .svg = [&] { return alignment_svg(*explanation); }});
}

Status run_recurrence(const SequenceCommandOptions& options) {
  const auto explanation = explained(options, "rnn");
  if (!explanation) return explanation.error();
  // One of them fails where all would.
  auto text = recurrence_text(*explanation, style_for_stdout());
  if (!text) return text.error();
  return print_explanation(options.common, options.svg,
                           {.text = [&] { return *text; },
                            .json = [&] { return *recurrence_json(*explanation); },
                            .svg = [&] { return *recurrence_svg(*explanation); }});
}

// What both commands on sequence models take.
std::shared_ptr<SequenceCommandOptions> add_sequence_command(CLI::App& explain, const char* name, const char* what,
                                                             const char* example) {
  auto options = std::make_shared<SequenceCommandOptions>();
  CLI::App* command = add_command(explain, name, what, example, options->common);
  command->add_option("TEXT", options->request.conversation.question, "what is read: a sentence or a question")
      ->required();
  command->add_option("--history", options->request.conversation.history, "turns said before it, oldest first")
      ->take_all();
  command->add_option("--target", options->request.target,
                      "explain how these words would be written, not the likeliest");
  command->add_option("--model", options->model,
                      "file of a sequence model (default: one that ships, for Chinese to English)");
  command->add_option("--models", options->common.models, "folder with the models");
  command->add_option("--svg", options->svg, "also write a picture to this file; '-' prints it instead of the text");
  return options;
}

void add_alignment(CLI::App& explain, Session& session) {
  const auto options = add_sequence_command(
      explain, "alignment", "Show from which words of the source each word of a translation or rewrite was taken",
      "attune explain alignment 我爱吃苹果。 --svg alignment.svg");
  CLI::App* command = explain.get_subcommand("alignment");
  command->add_flag("--untrained", options->request.untrained,
                    "also before training, with the numbers it started from");
  on_run(command, session, [options] { return run_alignment(*options); });
}

void add_recurrence(CLI::App& explain, Session& session) {
  const auto options = add_sequence_command(
      explain, "rnn", "Show the state that a recurrent encoder carries, and how the first word fades from it",
      "attune explain rnn 我爱吃苹果。 --svg rnn.svg");
  on_run(explain.get_subcommand("rnn"), session, [options] { return run_recurrence(*options); });
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

struct ContextCommandOptions {
  CommonOptions common;
  ContextRequest request;
  std::filesystem::path model;
};

void add_contexts(CLI::App& explain, Session& session) {
  auto options = std::make_shared<ContextCommandOptions>();
  CLI::App* command =
      add_command(explain, "contexts", "Show how a word's vector depends on what stands around it, layer by layer",
                  "attune explain contexts 苹果 --in 我爱吃苹果。 --in 苹果公司发布了新手机。 --like 水果 --like 公司",
                  options->common);
  command->add_option("WORD", options->request.word, "as it stands in each text")->required();
  command->add_option("--in", options->request.texts, "a text with the word; the first is compared with the others")
      ->take_all()
      ->required();
  command->add_option("--like", options->request.like, "what it may mean: is it nearer to this, or to another?")
      ->take_all();
  command->add_option("--model", options->model, "directory of a model (default: the embedder that ships)");
  on_run(command, session, [options]() -> Status {
    const auto compared =
        compare_contexts(options->model.empty() ? default_models() / "embedder" : options->model, options->request);
    if (!compared) return compared.error();
    print_line(options->common.json ? contexts_json(*compared) : contexts_text(*compared));
    return {};
  });
}

}  // namespace

void add_explain_command(CLI::App& app, Session& session) {
  CLI::App* explain = app.add_subcommand("explain", "Show what attention looked at, and what a recurrent state keeps");
  explain->footer("Example:\n  attune explain attention 'Thinking Machines'");
  explain->require_subcommand(1);
  add_attention(*explain, session);
  add_alignment(*explain, session);
  add_recurrence(*explain, session);
  add_contexts(*explain, session);
}

}  // namespace attune::cli
