#include "train/word_index.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "attune/store.hpp"
#include "attune/text.hpp"

namespace attune::train {
namespace {

constexpr double kBigramWeight = 0.5;  // as in the store

}  // namespace

WordIndex::WordIndex(std::span<const std::string> passages, std::span<const std::uint32_t> members,
                     std::string_view language)
    : language_(language) {
  std::vector<std::size_t> lengths;
  std::size_t total = 0;
  for (std::uint32_t place = 0; place < members.size(); ++place) {
    const auto terms = text::index_terms(passages[members[place]], language);
    lengths.push_back(terms.size());
    total += terms.size();
    for (const text::Term& term : terms) {
      const auto id = terms_.emplace(term.text, static_cast<std::uint32_t>(postings_.size())).first->second;
      if (id == postings_.size()) postings_.emplace_back();
      if (postings_[id].empty() || postings_[id].back().passage != place) postings_[id].push_back({place, 0});
      ++postings_[id].back().count;
    }
  }
  const WordSearchOptions usual;
  const double average = total == 0 ? 1 : static_cast<double>(total) / static_cast<double>(lengths.size());
  for (const std::size_t length : lengths) {
    const double b = static_cast<double>(usual.b);
    held_back_.push_back(
        static_cast<float>(static_cast<double>(usual.k1) * (1 - b + b * static_cast<double>(length) / average)));
  }
}

void WordIndex::score(std::string_view query, Scores& scores) const {
  if (scores.of.size() == held_back_.size()) {
    for (const std::uint32_t place : scores.touched) scores.of[place] = 0;
  } else {
    scores.of.assign(held_back_.size(), 0);
    scores.together.assign(held_back_.size(), 0);
  }
  scores.touched.clear();

  // Neighbouring terms of one span and kind are alternatives of one word.
  std::map<std::vector<std::uint32_t>, double> words;
  std::vector<std::uint32_t> word;
  std::optional<text::Term> before;
  const auto finish_word = [&] {
    if (word.empty()) return;
    std::sort(word.begin(), word.end());
    word.erase(std::unique(word.begin(), word.end()), word.end());
    words[word] += before->kind == text::TermKind::bigram ? kBigramWeight : 1.0;
    word.clear();
  };
  const std::vector<std::string> languages =
      language_.empty() ? std::vector<std::string>() : std::vector<std::string>{language_};
  for (text::Term& term : text::query_terms(query.substr(0, kMaxWordQueryBytes), languages)) {
    if (!before || before->span != term.span || before->kind != term.kind) finish_word();
    if (const auto known = terms_.find(term.text); known != terms_.end()) word.push_back(known->second);
    before = std::move(term);
  }
  finish_word();

  const auto all = static_cast<double>(held_back_.size());
  std::vector<std::uint32_t> found;
  for (const auto& [terms, weight] : words) {
    std::size_t most = 0;
    for (const std::uint32_t term : terms) most = std::max(most, postings_[term].size());
    const auto present = static_cast<double>(most);
    const double idf = weight * std::log(1.0 + (all - present + 0.5) / (present + 0.5));
    found.clear();
    for (const std::uint32_t term : terms) {
      for (const Posting& posting : postings_[term]) {
        if (scores.together[posting.passage] == 0) found.push_back(posting.passage);
        scores.together[posting.passage] += posting.count;
      }
    }
    for (const std::uint32_t place : found) {
      const auto count = static_cast<double>(scores.together[place]);
      scores.together[place] = 0;
      if (scores.of[place] == 0.0F) scores.touched.push_back(place);
      scores.of[place] += static_cast<float>(idf * count / (count + static_cast<double>(held_back_[place])));
    }
  }
}

std::vector<std::uint32_t> WordIndex::best(const Scores& scores, std::size_t count) {
  std::vector<std::uint32_t> places = scores.touched;
  const auto better = [&](std::uint32_t left, std::uint32_t right) {
    return scores.of[left] != scores.of[right] ? scores.of[left] > scores.of[right] : left < right;
  };
  const auto kept = static_cast<std::ptrdiff_t>(std::min(count, places.size()));
  std::partial_sort(places.begin(), places.begin() + kept, places.end(), better);
  places.resize(static_cast<std::size_t>(kept));
  return places;
}

}  // namespace attune::train
