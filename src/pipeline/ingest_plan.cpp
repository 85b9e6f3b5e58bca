#include "pipeline/ingest_plan.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <unordered_map>

#include <unistd.h>

namespace attune::pipeline {
namespace {

bool is_below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

// True if the scan passed over `path` or a folder above it.
bool was_skipped(const std::set<std::string, std::less<>>& skipped, std::string_view path) {
  return std::ranges::any_of(skipped, [&](const std::string& entry) { return entry == path || is_below(path, entry); });
}

}  // namespace

IngestPlan plan_ingest(const Scan& scan, const std::vector<DocumentStamp>& stamps, std::string_view made_by) {
  std::unordered_map<std::string_view, const DocumentStamp*> known;
  for (const DocumentStamp& stamp : stamps) known.emplace(stamp.path, &stamp);

  IngestPlan plan;
  for (const ScannedFile& file : scan.files) {
    const auto found = known.find(file.path);
    const DocumentStamp* stamp = found == known.end() ? nullptr : found->second;
    if (found != known.end()) known.erase(found);
    if (stamp != nullptr && stamp->size == file.size && stamp->modified_ns == file.modified_ns &&
        stamp->made_by == made_by) {
      ++plan.unchanged;
    } else {
      plan.to_read.push_back(file);
    }
  }
  std::set<std::string, std::less<>> skipped;
  for (const SkippedFile& entry : scan.skipped) skipped.insert(entry.path);
  for (const DocumentStamp& stamp : stamps) {
    if (known.contains(stamp.path) && !was_skipped(skipped, stamp.path)) plan.missing.push_back(stamp);
  }
  return plan;
}

std::string collection_name_for(const std::vector<Collection>& existing, const std::string& root) {
  for (const Collection& collection : existing) {
    if (collection.root == root) return collection.name;
  }
  const auto taken = [&](const std::string& name) {
    return std::ranges::any_of(existing, [&](const Collection& collection) { return collection.name == name; });
  };
  std::filesystem::path parent(root);
  std::string name = parent.filename().string();
  while (taken(name) && parent.has_relative_path()) {
    parent = parent.parent_path();
    name = parent.filename().string() + "/" + name;
  }
  return name.empty() ? "root" : name;
}

}  // namespace attune::pipeline
