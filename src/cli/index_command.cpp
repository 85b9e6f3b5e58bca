// attune index FOLDER...: brings collections up to date, words of all folders first, then their vectors.
#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

#include "cli/command.hpp"
#include "cli/progress_bar.hpp"

namespace attune::cli {
namespace {

// Files named for each reason without --json, before "… and N more".
constexpr std::size_t kShownFiles = 5;

struct IndexOptions {
  CommonOptions common;
  std::vector<std::filesystem::path> folders;
  IngestRequest request;
  std::uint64_t max_file_mib = 64;
  std::string readings;
  bool quiet = false;
};

std::string counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// The skipped files, those with the same reason together: a folder of photographs is one line.
void print_skipped(const std::vector<SkippedFile>& skipped) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const SkippedFile& file : skipped) by_reason[file.reason].push_back(file.path);
  for (const auto& [reason, paths] : by_reason) {
    std::string line = "  skipped, " + reason + ": ";
    for (std::size_t i = 0; i < std::min(paths.size(), kShownFiles); ++i) line += (i == 0 ? "" : ", ") + paths[i];
    if (paths.size() > kShownFiles) line += " … and " + std::to_string(paths.size() - kShownFiles) + " more";
    print_line(line);
  }
}

void print_report(const IngestReport& report) {
  print_line(report.collection + ": " + std::to_string(report.added) + " added, " + std::to_string(report.changed) +
             " changed, " + std::to_string(report.renamed) + " renamed, " + std::to_string(report.removed) +
             " removed, " + std::to_string(report.unchanged) + " unchanged; " + counted(report.chunks, "passage") +
             " written");
  for (const std::string& note : report.notes) print_line("  note: " + note);
  print_skipped(report.skipped);
}

std::string reports_json(const std::vector<IngestReport>& reports, std::uint64_t embedded, bool interrupted) {
  auto json = nlohmann::ordered_json::object();
  auto collections = nlohmann::ordered_json::array();
  for (const IngestReport& report : reports) {
    collections.push_back(nlohmann::ordered_json::parse(report_to_json(report)));
  }
  json["collections"] = std::move(collections);
  json["embedded"] = embedded;
  json["interrupted"] = interrupted;
  return json.dump(2);
}

Status run_index(const IndexOptions& options, Session& session) {
  auto workspace = Workspace::open(options.common.workspace());
  if (!workspace) return workspace.error();
  if (!options.readings.empty()) {
    const Status set = keep_readings(**workspace, options.readings == "keep");
    if (!set) return set;
  }
  ProgressBar bar(stderr_is_terminal() && !options.quiet);
  const auto progress = [&](const IngestProgress& state) { bar.show(state); };

  std::vector<IngestReport> reports;
  bool interrupted = false;
  for (const auto& folder : options.folders) {
    IngestRequest request = options.request;
    request.folder = folder;
    request.read.max_file_bytes = options.max_file_mib << 20U;
    request.words_only = true;
    auto report = ingest(**workspace, request, progress, session.stop);
    if (!report) return report.error();
    interrupted = report->interrupted;
    reports.push_back(*std::move(report));
    if (interrupted) break;
  }
  std::uint64_t embedded = 0;
  if (!options.request.words_only && !interrupted) {
    const auto written = embed_pending(**workspace, progress, session.stop);
    if (!written) return written.error();
    embedded = *written;
    interrupted = session.stop.stop_requested();
  }
  bar.clear();

  if (options.common.json) {
    print_line(reports_json(reports, embedded, interrupted));
  } else if (!options.quiet) {
    for (const IngestReport& report : reports) print_report(report);
    for (const std::string& note : (*workspace)->notes()) print_line("note: " + note);
    if (!options.request.words_only) print_line(counted(embedded, "vector") + " written");
    if (interrupted) print_line("stopped; what is done is kept, and the next run goes on from here");
  }
  const bool skipped = std::ranges::any_of(reports, [](const IngestReport& report) { return !report.skipped.empty(); });
  session.exit_code = interrupted ? kFailed : skipped ? kSkippedInput : kOk;
  return {};
}

}  // namespace

void add_index_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<IndexOptions>();
  CLI::App* command = add_command(app, "index", "Index folders, or bring their index up to date",
                                  "attune index ~/Documents --exclude '**/drafts/**'", options->common);
  add_workspace_options(*command, options->common);
  command->add_option("FOLDER", options->folders, "folders (or single files) to index")->required();
  command->add_option("--collection", options->request.collection, "name of the collection (default: the folder's)");
  command->add_option("--include", options->request.scan.include, "only paths that match one of these globs");
  command->add_option("--exclude", options->request.scan.exclude, "no paths that match one of these globs");
  command->add_flag("--hidden", options->request.scan.hidden, "also files and folders whose name begins with a dot");
  command->add_option("--max-file-mib", options->max_file_mib, "skip larger files")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  command->add_flag("--prune", options->request.prune, "also remove everything when the folder is empty or gone");
  command->add_flag("--words-only", options->request.words_only, "leave the vectors to a later run, or to serve");
  command
      ->add_option(
          "--readings", options->readings,
          "keep (what happens unless told otherwise): what reranking wants of passages is stored when they are "
          "indexed, some 390 bytes a token, up to 1 GiB; drop: remove it, each question is then slower")
      ->check(CLI::IsMember({"keep", "drop"}));
  command->add_flag("--quiet,-q", options->quiet, "print nothing but errors");
  on_run(command, session, [options, &session]() -> Status {
    if (options->folders.size() > 1 && !options->request.collection.empty()) {
      return Error{ErrorKind::bad_input, "--collection names one folder's collection; index the folders one by one"};
    }
    return run_index(*options, session);
  });
}

}  // namespace attune::cli
