#include "train/edit_targets.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "attune/text.hpp"

namespace attune::train {
namespace {

using Units = std::vector<std::string>;
using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

// A short word as it is cut behind another word: "'s" is one unit there.
Units glue_units(const std::string& word) {
  if (word.empty()) return {};
  Units units = folded_units("x " + word);
  if (word.front() == '\'') units = folded_units("x" + word);
  units.erase(units.begin());
  return units;
}

// The last step of an alignment, and what a step costs: opening a stretch of change more than keeping is worth.
enum Step : std::size_t { keep, insert, remove };
constexpr std::size_t kSteps = 3;
constexpr int kKept = 4;
constexpr int kOpening = -1;
constexpr int kImpossible = std::numeric_limits<int>::min() / 2;

// Units of both that are kept, in order.
Pairs align(const Units& from, const Units& to) {
  const std::size_t columns = to.size() + 1;
  struct Cell {
    std::array<int, kSteps> score = {kImpossible, kImpossible, kImpossible};
    std::array<Step, kSteps> before = {keep, keep, keep};
  };
  std::vector<Cell> cells((from.size() + 1) * columns);
  cells[0].score[keep] = 0;
  const auto enter = [](Cell& cell, Step step, const Cell& last, int gain, bool opens) {
    for (const Step before : {keep, insert, remove}) {
      const int score = last.score[before] + gain + (opens && before != step ? kOpening : 0);
      if (score > cell.score[step]) {
        cell.score[step] = score;
        cell.before[step] = before;
      }
    }
  };
  for (std::size_t i = 0; i <= from.size(); ++i) {
    for (std::size_t j = 0; j <= to.size(); ++j) {
      Cell& cell = cells[i * columns + j];
      if (i > 0 && j > 0 && from[i - 1] == to[j - 1]) enter(cell, keep, cells[(i - 1) * columns + j - 1], kKept, false);
      if (j > 0) enter(cell, insert, cells[i * columns + j - 1], 0, true);
      if (i > 0) enter(cell, remove, cells[(i - 1) * columns + j], 0, true);
    }
  }
  Pairs kept;
  std::size_t i = from.size();
  std::size_t j = to.size();
  const auto& last = cells.back().score;
  auto step = static_cast<Step>(std::ranges::max_element(last) - last.begin());
  while (i > 0 || j > 0) {
    const Step before = cells[i * columns + j].before[step];
    if (step == keep) kept.emplace_back(--i, --j);
    if (step == insert) --j;
    if (step == remove) --i;
    step = before;
  }
  std::ranges::reverse(kept);
  return kept;
}

// The history's units, and where each may be copied to.
struct History {
  Units units;
  std::vector<std::size_t> until;
};

// Every span of the history that says run[first … end).
Pairs occurrences(const History& history, const Units& run, std::size_t first, std::size_t end) {
  Pairs spans;
  const std::size_t length = end - first;
  for (std::size_t start = 0; start + length <= history.units.size(); ++start) {
    if (start + length > history.until[start]) continue;
    bool same = true;
    for (std::size_t i = 0; i < length && same; ++i) same = history.units[start + i] == run[first + i];
    if (same) spans.emplace_back(start, start + length - 1);
  }
  return spans;
}

bool begins(const Units& run, std::size_t at, std::size_t end, const Units& word) {
  return at + word.size() <= end && std::equal(word.begin(), word.end(), run.begin() + static_cast<std::ptrdiff_t>(at));
}

// A run that is a span with short words beside it, as few of them as possible.
bool cover(const History& history, const Units& run, std::span<const Units> glue, EditTargets::Insertion& to) {
  std::size_t fewest = run.size();
  for (std::size_t before = 0; before < glue.size(); ++before) {
    if (!begins(run, 0, run.size(), glue[before])) continue;
    for (std::size_t after = 0; after < glue.size(); ++after) {
      const std::size_t words = glue[before].size() + glue[after].size();
      if (words >= fewest) continue;
      const std::size_t end = run.size() - glue[after].size();
      if (!begins(run, end, run.size(), glue[after])) continue;
      Pairs spans = occurrences(history, run, glue[before].size(), end);
      if (spans.empty()) continue;
      fewest = words;
      to.before = before;
      to.after = after;
      to.spans = std::move(spans);
    }
  }
  return fewest < run.size();
}

// The longest part of a run that is a span, if it is half of the run.
bool approximate(const History& history, const Units& run, EditTargets::Insertion& to) {
  for (std::size_t length = run.size() - 1; 2 * length >= run.size() && length > 0; --length) {
    for (std::size_t first = 0; first + length <= run.size(); ++first) {
      to.spans = occurrences(history, run, first, first + length);
      if (!to.spans.empty()) return true;
    }
  }
  return false;
}

}  // namespace

std::optional<EditTargets> find_edit_targets(const Conversation& conversation, const EditReading& reading,
                                             std::string_view rewrite, std::span<const std::string> glue) {
  Units question;
  for (const ByteSpan& unit : reading.units) question.push_back(text::lower_case(unit.of(conversation.question)));
  const Units wanted = folded_units(rewrite);
  History history{{}, copy_limits(reading.rows)};
  for (const EditReading::Source& source : reading.sources) {
    history.units.push_back(text::lower_case(source.span.of(conversation.history[source.turn])));
  }
  std::vector<Units> words;
  for (const std::string& word : glue) words.push_back(glue_units(word));
  EditTargets targets;
  targets.remove.assign(question.size(), true);
  Pairs kept = align(question, wanted);
  kept.emplace_back(question.size(), wanted.size());
  std::size_t slot = 0;
  std::size_t written = 0;
  for (const auto& [unit, place] : kept) {
    if (unit < question.size()) targets.remove[unit] = false;
    if (place > written) {
      const Units run(wanted.begin() + static_cast<std::ptrdiff_t>(written),
                      wanted.begin() + static_cast<std::ptrdiff_t>(place));
      EditTargets::Insertion insertion{.slot = slot};
      if (!cover(history, run, words, insertion) && !approximate(history, run, insertion)) return std::nullopt;
      targets.insertions.push_back(std::move(insertion));
    }
    slot = unit + 1;
    written = place + 1;
  }
  return targets;
}

std::vector<std::string> folded_units(std::string_view utf8) {
  Units units;
  for (const ByteSpan& span : text::edit_units(utf8)) units.push_back(text::lower_case(span.of(utf8)));
  return units;
}

bool same_units(std::string_view one, std::string_view other) {
  return folded_units(one) == folded_units(other);
}

}  // namespace attune::train
