// What is done with the scores that stand beside a group's passages.
#include <algorithm>
#include <cmath>
#include <limits>

#include "attune/train/groups.hpp"

namespace attune::train {
namespace {

// Where the cosines stand, teachers.size() if nowhere.
std::size_t cosine_column(const GroupSet& set) {
  return static_cast<std::size_t>(std::find(set.teachers.begin(), set.teachers.end(), "cosine") - set.teachers.begin());
}

double score_at(const GroupSet& set, const Group& group, std::size_t passage, std::size_t teacher) {
  return static_cast<double>(group.scores[passage * set.teachers.size() + teacher]);
}

// Of its positives; not finite without one.
double best_positive(const GroupSet& set, const Group& group, std::size_t teacher) {
  double best = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < group.passages.size(); ++i) {
    const double score = score_at(set, group, i, teacher);
    if (group.passages[i].grade > 0 && std::isfinite(score)) best = std::max(best, score);
  }
  return best;
}

}  // namespace

std::size_t drop_doubtful_groups(GroupSet& set, double margin, std::size_t most) {
  const std::size_t cosine = cosine_column(set);
  if (cosine == set.teachers.size()) return 0;
  return std::erase_if(set.groups, [&](const Group& group) {
    const double best = best_positive(set, group, cosine);
    std::size_t above = 0;
    for (std::size_t i = 0; i < group.passages.size(); ++i) {
      if (group.passages[i].mined && score_at(set, group, i, cosine) > best - margin) ++above;
    }
    return std::isfinite(best) && above > most;
  });
}

std::size_t drop_likely_answers(GroupSet& set, double margin) {
  const std::size_t cosine = cosine_column(set);
  const std::size_t teachers = set.teachers.size();
  if (cosine == teachers) return 0;
  std::size_t dropped = 0;
  for (Group& group : set.groups) {
    const double best = best_positive(set, group, cosine);
    if (!std::isfinite(best)) continue;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < group.passages.size(); ++i) {
      if (group.passages[i].mined && score_at(set, group, i, cosine) > best - margin) {
        group.avoid.push_back(group.passages[i].passage);
        ++dropped;
        continue;
      }
      group.passages[kept] = group.passages[i];
      std::copy_n(group.scores.begin() + static_cast<std::ptrdiff_t>(i * teachers), teachers,
                  group.scores.begin() + static_cast<std::ptrdiff_t>(kept * teachers));
      ++kept;
    }
    group.passages.resize(kept);
    group.scores.resize(kept * teachers);
    std::sort(group.avoid.begin(), group.avoid.end());
  }
  return dropped;
}

Status add_teacher(GroupSet& set, std::string_view teacher, const GroupScorer& score, std::stop_token stop) {
  std::vector<std::vector<float>> added;
  for (const Group& group : set.groups) {
    if (stop.stop_requested()) return Error{ErrorKind::cancelled, "scoring with a teacher was stopped"};
    std::vector<std::string_view> texts;
    for (const GroupPassage& passage : group.passages) texts.push_back(set.passages[passage.passage]);
    auto scores = score(group.query, texts);
    if (!scores) return scores.error().while_doing("group '" + group.id + "'");
    const bool fine = scores->size() == texts.size() &&
                      std::all_of(scores->begin(), scores->end(), [](float number) { return std::isfinite(number); });
    if (!fine) {
      return Error{ErrorKind::bad_input, "group '" + group.id + "': '" + std::string(teacher) +
                                             "' did not give one finite number for each passage"};
    }
    added.push_back(std::move(*scores));
  }
  // Only now, so that a teacher that fails leaves the set as it was.
  const std::size_t before = set.teachers.size();
  for (std::size_t index = 0; index < set.groups.size(); ++index) {
    Group& group = set.groups[index];
    std::vector<float> scores;
    for (std::size_t i = 0; i < group.passages.size(); ++i) {
      const auto row = group.scores.begin() + static_cast<std::ptrdiff_t>(i * before);
      scores.insert(scores.end(), row, row + static_cast<std::ptrdiff_t>(before));
      scores.push_back(added[index][i]);
    }
    group.scores = std::move(scores);
  }
  set.teachers.emplace_back(teacher);
  return {};
}

}  // namespace attune::train
