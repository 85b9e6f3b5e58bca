#include "train/likely_answers.hpp"

#include <algorithm>
#include <unordered_map>

#include "attune/text.hpp"

#include "train/plain_text.hpp"

namespace attune::train {
namespace {

bool is_positive(const GroupPassage& passage) {
  return passage.grade > 0 && !passage.mined;
}

}  // namespace

LikelyAnswers::LikelyAnswers(const GroupSet& set, double near_question) : set_(set), near_question_(near_question) {
  for (const std::string& text : set.passages) plain_.push_back(plain_text(text));
  answers_.resize(set.passages.size());
  std::unordered_map<std::string, std::uint32_t> known;
  for (std::size_t group = 0; group < set.groups.size(); ++group) {
    std::vector<std::string> languages;
    if (!set.groups[group].language.empty()) languages.push_back(set.groups[group].language);
    std::vector<std::uint32_t>& terms = terms_.emplace_back();
    for (const text::Term& term : text::query_terms(set.groups[group].query, languages)) {
      terms.push_back(known.emplace(term.text, static_cast<std::uint32_t>(known.size())).first->second);
    }
    std::sort(terms.begin(), terms.end());
    terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
    for (const GroupPassage& passage : set.groups[group].passages) {
      if (is_positive(passage)) answers_[passage.passage].push_back(static_cast<std::uint32_t>(group));
    }
  }
}

bool LikelyAnswers::is_near(std::size_t left, std::size_t right) const {
  std::vector<std::uint32_t> common;
  std::set_intersection(terms_[left].begin(), terms_[left].end(), terms_[right].begin(), terms_[right].end(),
                        std::back_inserter(common));
  const std::size_t together = terms_[left].size() + terms_[right].size() - common.size();
  return together > 0 && static_cast<double>(common.size()) >= near_question_ * static_cast<double>(together);
}

bool LikelyAnswers::may_answer(std::size_t group, std::uint32_t passage) const {
  const std::string& text = plain_[passage];
  for (const GroupPassage& stated : set_.groups[group].passages) {
    if (!is_positive(stated)) continue;
    const std::string& positive = plain_[stated.passage];
    if (positive.find(text) != std::string::npos || text.find(positive) != std::string::npos) return true;
  }
  return std::any_of(answers_[passage].begin(), answers_[passage].end(),
                     [&](std::uint32_t other) { return other != group && is_near(group, other); });
}

}  // namespace attune::train
