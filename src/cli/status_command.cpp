// attune status: what is indexed, and how far the vectors are.
#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

#include "cli/command.hpp"

namespace attune::cli {
namespace {

struct StatusOptions {
  CommonOptions common;
};

struct CollectionSize {
  Collection collection;
  std::int64_t documents = 0;
};

Result<std::vector<CollectionSize>> collection_sizes(const Store& store) {
  const auto collections = store.collections();
  if (!collections) return collections.error();
  std::vector<CollectionSize> sizes;
  for (const Collection& collection : *collections) {
    Filters only;
    only.collections = {collection.name};
    const auto page = store.list_documents(only, 0, 1);
    if (!page) return page.error();
    sizes.push_back({collection, page->total});
  }
  return sizes;
}

std::string status_json(const Workspace& workspace, const StoreCounts& counts, const StatesSize& readings,
                        const std::vector<CollectionSize>& sizes) {
  auto collections = nlohmann::ordered_json::array();
  for (const CollectionSize& size : sizes) {
    collections.push_back(
        {{"name", size.collection.name}, {"root", size.collection.root}, {"documents", size.documents}});
  }
  const nlohmann::ordered_json json{{"database", to_utf8(workspace.store().path())},
                                    {"collections", std::move(collections)},
                                    {"documents", counts.documents},
                                    {"chunks", counts.chunks},
                                    {"vectors", counts.vectors},
                                    {"pending", counts.pending},
                                    {"generation", counts.generation},
                                    {"readings", {{"passages", readings.chunks}, {"bytes", readings.bytes}}},
                                    {"notes", workspace.notes()}};
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Status run_status(const StatusOptions& options) {
  const auto workspace = Workspace::open(options.common.workspace());
  if (!workspace) return workspace.error();
  const Embedder* embedder = (*workspace)->embedder();
  const Store& store = (*workspace)->store();
  const auto counts = store.counts(embedder == nullptr ? "" : embedder->identity());
  if (!counts) return counts.error();
  const auto sizes = collection_sizes(store);
  if (!sizes) return sizes.error();
  const Reranker* reranker = (*workspace)->reranker();
  const auto readings = store.states_size(reranker == nullptr ? "" : reranker->readings_name());
  if (!readings) return readings.error();
  if (options.common.json) {
    print_line(status_json(**workspace, *counts, *readings, *sizes));
    return {};
  }
  print_line("database: " + to_utf8(store.path()));
  for (const CollectionSize& size : *sizes) {
    print_line("  " + size.collection.name + ": " + std::to_string(size.documents) + " documents of " +
               (size.collection.root.empty() ? "no folder" : size.collection.root));
  }
  print_line(std::to_string(counts->documents) + " documents, " + std::to_string(counts->chunks) +
             " passages: all found by their words, " + std::to_string(counts->vectors) + " by meaning, " +
             std::to_string(counts->pending) + " pending");
  if (readings->chunks > 0) {
    print_line(std::to_string(readings->chunks) + " of these passages are read ahead for reranking (" +
               std::to_string(readings->bytes >> 20U) + " MiB)");
  }
  for (const std::string& note : (*workspace)->notes()) print_line("note: " + note);
  return {};
}

}  // namespace

void add_status_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* command = add_command(app, "status", "Show what is indexed and how far the vectors are",
                                  "attune status --json", options->common);
  add_workspace_options(*command, options->common);
  on_run(command, session, [options] { return run_status(*options); });
}

}  // namespace attune::cli
