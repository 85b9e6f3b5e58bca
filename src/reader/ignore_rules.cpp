#include "reader/ignore_rules.hpp"

#include <ranges>

#include "attune/reader.hpp"

#include "reader/source_lines.hpp"

namespace attune::reader {
namespace {

// Without the white space at its end, unless that is escaped.
std::string_view without_trailing_space(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) {
    if (line.size() >= 2 && line[line.size() - 2] == '\\') break;
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace

void IgnoreRules::add(std::string_view folder, std::string_view rules) {
  if (rules.starts_with("\xEF\xBB\xBF")) rules.remove_prefix(3);
  SourceLines lines(rules);
  while (lines.next()) {
    std::string_view line = without_trailing_space(lines.text());
    if (line.empty() || line.front() == '#') continue;
    Rule rule;
    rule.folder = folder.empty() ? "" : std::string(folder) + "/";
    if (line.front() == '!') {
      rule.negated = true;
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      rule.folders_only = true;
      line.remove_suffix(1);
    }
    if (line.empty()) continue;
    // A slash at the head or in the middle ties the rule to this folder; without one it holds at any depth.
    const bool anchored = line.find('/') != std::string_view::npos;
    if (line.front() == '/') line.remove_prefix(1);
    rule.glob = anchored ? std::string(line) : "**/" + std::string(line);
    rules_.push_back(std::move(rule));
  }
}

bool IgnoreRules::ignores(std::string_view path, bool is_folder) const {
  for (const Rule& rule : std::views::reverse(rules_)) {
    if (rule.folders_only && !is_folder) continue;
    if (!path.starts_with(rule.folder)) continue;
    if (glob_matches(rule.glob, path.substr(rule.folder.size()))) return !rule.negated;
  }
  return false;
}

}  // namespace attune::reader
