// Judgements and runs as trec_eval reads them.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "attune/core/file.hpp"
#include "attune/core/lines.hpp"
#include "attune/eval.hpp"

namespace attune {
namespace {

std::vector<std::string_view> columns(std::string_view line, std::string_view white = " \t") {
  std::vector<std::string_view> parts;
  for (std::size_t at = line.find_first_not_of(white); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(white, at), line.size());
    parts.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(white, end);
  }
  return parts;
}

template <typename Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Result<Qrels> load_qrels(const std::filesystem::path& file) {
  Qrels qrels;
  bool first = true;
  const Status read = for_each_line(file, [&](std::string_view line) -> Status {
    // In BEIR's files ids may hold spaces, and tabs stand between the columns.
    const bool tabs = std::ranges::count(line, '\t') == 2;
    const auto parts = columns(line, tabs ? "\t" : " \t");
    if (parts.size() != 3 && parts.size() != 4) {
      return Error{ErrorKind::bad_input, "judgements have three columns (BEIR) or four (TREC)"};
    }
    const auto grade = to_number<int>(parts.back());
    if (!grade && std::exchange(first, false)) return {};  // the heading line
    first = false;
    if (!grade) return Error{ErrorKind::bad_input, "'" + std::string(parts.back()) + "' is no grade"};
    qrels[std::string(parts[0])][std::string(parts[parts.size() - 2])] = *grade;
    return {};
  });
  if (!read) return read.error();
  if (qrels.empty()) return Error{ErrorKind::bad_input, "'" + to_utf8(file) + "' holds no judgements"};
  return qrels;
}

Result<Run> load_run(const std::filesystem::path& file) {
  Run run;
  const Status read = for_each_line(file, [&](std::string_view line) -> Status {
    const auto parts = columns(line);
    if (parts.size() != 6) return Error{ErrorKind::bad_input, "a run has six columns"};
    const auto score = to_number<double>(parts[4]);
    if (!score || !std::isfinite(*score)) {
      return Error{ErrorKind::bad_input, "'" + std::string(parts[4]) + "' is no score"};
    }
    run[std::string(parts[0])].push_back({std::string(parts[2]), *score});
    return {};
  });
  if (!read) return read.error();
  return run;
}

Status save_run(const std::filesystem::path& file, const Run& run, std::string_view tag) {
  std::string lines;
  for (const auto& [query, documents] : run) {
    auto ranked = documents;
    std::ranges::stable_sort(ranked, std::greater<>(), &RankedDocument::score);
    for (std::size_t i = 0; i < ranked.size(); ++i) {
      char score[32];
      std::snprintf(score, sizeof score, "%.9g", ranked[i].score);
      lines.append(query).append(" Q0 ").append(ranked[i].id).append(" ").append(std::to_string(i + 1));
      lines.append(" ").append(score).append(" ").append(tag).append("\n");
    }
  }
  const Status written = write_file_durably(file, lines);
  if (!written) return written.error().while_doing("writing the run");
  return {};
}

}  // namespace attune
