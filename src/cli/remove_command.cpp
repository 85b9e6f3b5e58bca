// attune remove: takes a collection, or some of its documents, out of the database.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/command.hpp"

namespace attune::cli {
namespace {

struct RemoveOptions {
  CommonOptions common;
  std::string collection;
  std::vector<std::string> paths;
};

Result<std::int64_t> collection_named(const Store& store, const std::string& name) {
  const auto collections = store.collections();
  if (!collections) return collections.error();
  for (const Collection& collection : *collections) {
    if (collection.name == name) return collection.id;
  }
  return Error{ErrorKind::not_found, "there is no collection '" + name + "' (see attune status)"};
}

// Removes the documents of a collection whose paths match; the next `attune index` brings back those still in the
// folder.
Result<std::size_t> remove_paths(Store& store, std::int64_t collection_id, const std::vector<std::string>& globs) {
  const auto stamps = store.stamps(collection_id);
  if (!stamps) return stamps.error();
  std::vector<std::int64_t> ids;
  for (const DocumentStamp& stamp : *stamps) {
    const bool matches =
        std::ranges::any_of(globs, [&](const std::string& glob) { return glob_matches(glob, stamp.path); });
    if (matches) ids.push_back(stamp.id);
  }
  if (ids.empty()) return Error{ErrorKind::not_found, "no document matches"};
  if (const Status removed = store.remove_documents(ids); !removed) return removed.error();
  return ids.size();
}

Status run_remove(const RemoveOptions& options) {
  WorkspaceOptions workspace_options = options.common.workspace();
  workspace_options.with_embedder = false;
  const auto workspace = Workspace::open(workspace_options);
  if (!workspace) return workspace.error();
  Store& store = (*workspace)->store();
  const auto collection_id = collection_named(store, options.collection);
  if (!collection_id) return collection_id.error();
  std::string what = "collection '" + options.collection + "'";
  if (options.paths.empty()) {
    if (const Status removed = store.remove_collection(*collection_id); !removed) return removed.error();
  } else {
    const auto removed = remove_paths(store, *collection_id, options.paths);
    if (!removed) return removed.error();
    what = std::to_string(*removed) + " documents of " + what;
  }
  print_line(options.common.json ? nlohmann::json{{"removed", what}}.dump() : "removed " + what);
  return {};
}

}  // namespace

void add_remove_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<RemoveOptions>();
  CLI::App* command = add_command(
      app, "remove", "Remove a collection, or some of its documents, from the database (no file is touched)",
      "attune remove Documents --path 'drafts/**'", options->common);
  add_workspace_options(*command, options->common);
  command->add_option("COLLECTION", options->collection, "name of the collection")->required();
  command->add_option("--path", options->paths, "only documents whose path matches one of these globs");
  on_run(command, session, [options] { return run_remove(*options); });
}

}  // namespace attune::cli
