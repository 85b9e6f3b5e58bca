// attune search QUERY: cited passages, best first.
#include <algorithm>
#include <cstdio>

#include "attune/text.hpp"

#include "cli/command.hpp"

namespace attune::cli {
namespace {

struct SearchOptions {
  CommonOptions common;
  FilterOptions filter;
  std::vector<std::string> words;
  AskRequest request;
  std::string mode = "hybrid";
  std::string fusion = "convex";
  std::string rewrite = "auto";
  bool no_rerank = false;
  std::int64_t budget_ms = 0;
};

std::string place_of(const Hit& hit) {
  std::string place = hit.path;
  if (hit.citation.page > 0) {
    place += ", page " + std::to_string(hit.citation.page);
  } else if (hit.citation.line > 0) {
    place += ":" + std::to_string(hit.citation.line);
  }
  return place;
}

// The snippet on one line, with the matched words in bold on a terminal.
std::string shown_snippet(const Hit& hit, bool colour) {
  std::string shown;
  const auto add = [&](std::size_t start, std::size_t end) {
    for (const char byte : std::string_view(hit.text).substr(start, end - start)) {
      if (byte == '\n' || byte == '\t') {
        if (!shown.ends_with(' ')) shown += ' ';
      } else {
        shown += byte;
      }
    }
  };
  std::size_t at = hit.snippet.start;
  for (const ByteSpan& highlight : hit.highlights) {
    if (highlight.start < at || highlight.end > hit.snippet.end) continue;
    add(at, highlight.start);
    if (colour) shown += "\033[1m";
    add(highlight.start, highlight.end);
    if (colour) shown += "\033[0m";
    at = highlight.end;
  }
  add(at, hit.snippet.end);
  return shown;
}

// The text on one line; a rewrite that holds a whole answer is cut.
std::string one_line(std::string text) {
  constexpr std::size_t kShown = 160;
  std::ranges::replace(text, '\n', ' ');
  if (text.size() <= kShown) return text;
  return text.substr(0, text::grapheme_boundary_at_or_before(text, kShown)) + " …";
}

void print_rewrite(const AnsweredRewrite& answered, bool explain) {
  const Rewrite& rewrite = answered.rewrite;
  print_line("also asked (" + std::string(name_of(rewrite.kind)) + "): " + one_line(rewrite.text));
  if (!explain) return;
  char line[200];
  std::snprintf(
      line, sizeof line,
      "   found %zu of these passages, %zu of them alone; confidence %.2f, weights %.2f words and %.2f dense, "
      "%.1f ms",
      answered.found, answered.alone, rewrite.confidence, static_cast<double>(rewrite.words),
      static_cast<double>(rewrite.dense), rewrite.milliseconds);
  print_line(line);
  for (const RewriteOrigin& origin : rewrite.origins) {
    std::string from = "the collection";
    if (origin.from == RewriteOrigin::From::question) from = "the question";
    if (origin.from == RewriteOrigin::From::history) from = "turn " + std::to_string(origin.turn + 1);
    print_line("   \"" + one_line(std::string(origin.output.of(rewrite.text))) + "\" from " + from);
  }
}

void print_answer(const Answer& answer, bool explain) {
  const bool colour = stdout_is_terminal();
  for (std::size_t i = 0; i < answer.hits.size(); ++i) {
    const Hit& hit = answer.hits[i];
    char score[32];
    std::snprintf(score, sizeof score, "%.3f", static_cast<double>(hit.score));
    print_line(std::to_string(i + 1) + ". " + hit.title + "  (" + score + ")");
    std::string where = "   " + hit.collection + ": " + place_of(hit);
    if (!hit.citation.heading.empty()) where += "  —  " + hit.citation.heading;
    print_line(where);
    print_line("   " + shown_snippet(hit, colour));
    if (!explain) continue;
    for (const ScorePart& part : hit.parts) {
      char line[160];
      std::snprintf(line, sizeof line, "   %-6s rank %d, score %.4f, adds %.4f", part.leg.c_str(), part.rank,
                    static_cast<double>(part.score), static_cast<double>(part.contribution));
      print_line(line);
    }
  }
  if (answer.hits.empty()) print_line("Nothing was found.");
  for (const AnsweredRewrite& answered : answer.rewrites) print_rewrite(answered, explain);
  for (const std::string& note : answer.notes) print_line("note: " + note);
  if (!explain) return;
  for (const auto& [stage, milliseconds] : answer.timings_ms) {
    char line[160];
    std::snprintf(line, sizeof line, "time: %s %.1f ms", stage.c_str(), milliseconds);
    print_line(line);
  }
}

Status run_search(SearchOptions& options, Session& session) {
  AskRequest request = options.request;
  for (const std::string& word : options.words) request.query.text += (request.query.text.empty() ? "" : " ") + word;
  auto filters = options.filter.parsed();
  if (!filters) return filters.error();
  request.query.filters = *std::move(filters);
  request.retrieve.words = options.mode != "dense";
  request.retrieve.dense = options.mode != "words";
  request.retrieve.fusion = options.fusion == "rrf" ? FusionMethod::rrf : FusionMethod::convex;
  request.rerank = !options.no_rerank;
  if (options.rewrite == "off") request.rewrite = RewriteMode::off;
  if (options.rewrite == "force") request.rewrite = RewriteMode::force;
  request.budget = std::chrono::milliseconds(options.budget_ms);

  WorkspaceOptions workspace_options = options.common.workspace();
  workspace_options.with_embedder = request.retrieve.dense;
  const auto workspace = Workspace::open(workspace_options);
  if (!workspace) return workspace.error();
  const auto answer = ask(**workspace, request, session.stop);
  if (!answer) return answer.error();
  if (options.common.json) {
    print_line(answer_to_json(*answer, request.explain, 2));
  } else {
    print_answer(*answer, request.explain);
  }
  return {};
}

}  // namespace

void add_search_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<SearchOptions>();
  CLI::App* command = add_command(app, "search", "Ask a question of the indexed folders",
                                  "attune search 'how do I configure a static IP address' --top-k 3", options->common);
  add_workspace_options(*command, options->common);
  options->filter.add_to(*command);
  command->add_option("QUERY", options->words, "the question, in any language")->required();
  command
      ->add_option("--history", options->request.history,
                   "what was said before the question, oldest first; once for each turn")
      ->allow_extra_args(false);
  command->add_option("--conversation", options->request.conversation,
                      "go on with what was asked under this name in the last day, and keep the question there");
  command->add_option("--rewrite", options->rewrite, "whether rewrites are searched too: auto, off or force")
      ->check(CLI::IsMember({"auto", "off", "force"}))
      ->capture_default_str();
  command->add_flag("--feedback", options->request.feedback,
                    "also search with words of the passages that the question finds first");
  command->add_option("--top-k,-k", options->request.query.top_k, "hits to return")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--mode", options->mode, "which legs run: hybrid, words or dense")
      ->check(CLI::IsMember({"hybrid", "words", "dense"}))
      ->capture_default_str();
  command->add_option("--fusion", options->fusion, "how legs are joined: convex or rrf")
      ->check(CLI::IsMember({"convex", "rrf"}))
      ->capture_default_str();
  command->add_option("--dense-weight", options->request.retrieve.dense_weight, "share of the vectors in the score")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_flag("--no-rerank", options->no_rerank, "keep the order of retrieval");
  command->add_option("--rerank-depth", options->request.rerank_depth, "passages that are read again at most")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--min-score", options->request.min_relevance, "leave out passages with a lower relevance")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option("--budget-ms", options->budget_ms, "read as many passages again as fit into this time")
      ->check(CLI::Range(1, 600'000));
  command->add_flag("--explain", options->request.explain,
                    "show what each leg added to a score, where rewrites come from, and times");
  on_run(command, session, [options, &session] { return run_search(*options, session); });
}

}  // namespace attune::cli
