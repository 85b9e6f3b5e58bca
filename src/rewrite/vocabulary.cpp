#include "rewrite/vocabulary.hpp"

#include <algorithm>
#include <cmath>

#include "attune/text.hpp"

#include "rewrite/typing_distance.hpp"

namespace attune {
namespace {

constexpr std::size_t kLongestEnding = 4;     // characters that stemming takes off, or changes
constexpr double kFrequencyInDistance = 0.1;  // a word e times as frequent counts as that much nearer
constexpr std::size_t kHanBytes = 3;          // of nearly every Chinese character in UTF-8

bool begins_with_letter_of_a_word(std::string_view term) {
  const auto first = static_cast<unsigned char>(term.front());
  return (first >= 'a' && first <= 'z') || (first >= 0xC3U && first < 0xE2U);  // Latin, Greek, Cyrillic, …
}

bool has_digit(std::string_view term) {
  return std::ranges::any_of(term, [](char byte) { return byte >= '0' && byte <= '9'; });
}

// Sounds that are often taken for each other are one: zhi and zi, lan and lang.
std::string blurred(std::string_view pinyin) {
  std::string sounds;
  for (std::size_t i = 0; i < pinyin.size(); ++i) {
    const char before = i > 0 ? pinyin[i - 1] : ' ';
    if (pinyin[i] == 'h' && (before == 'z' || before == 'c' || before == 's')) continue;
    if (pinyin[i] == 'g' && before == 'n') continue;
    sounds += pinyin[i];
  }
  return sounds;
}

}  // namespace

std::vector<Vocabulary::Near> Vocabulary::near(std::u32string_view typed, double most, std::size_t keep) const {
  std::vector<Near> found;
  const auto reach = static_cast<std::size_t>(std::ceil(most));
  for (const IndexedTerm& term : terms_) {
    if (!begins_with_letter_of_a_word(term.text) || has_digit(term.text)) continue;
    if (term.text.size() + reach + kLongestEnding < typed.size()) continue;
    const std::u32string word = text::code_points(term.text);
    if (word.size() > typed.size() + reach) continue;
    const double distance = typing_distance(typed, word, most, typed.size() > 6 ? kLongestEnding : 1);
    if (distance <= most) found.push_back({&term, distance});
  }
  const auto rank = [](const Near& near) {
    return near.distance - kFrequencyInDistance * std::log(static_cast<double>(near.term->chunks));
  };
  std::ranges::stable_sort(found, {}, rank);
  if (found.size() > keep) found.resize(keep);
  return found;
}

Vocabulary::Sounds Vocabulary::listen() const {
  std::unordered_map<std::string, std::string> characters;  // their pinyin
  Sounds sounds;
  for (const IndexedTerm& term : terms_) {
    const std::size_t bytes = term.text.size();
    if (bytes % kHanBytes != 0 || bytes < 2 * kHanBytes || bytes > 4 * kHanBytes) continue;
    if (static_cast<unsigned char>(term.text.front()) < 0xE3U) continue;
    std::string whole;
    for (std::size_t at = 0; at < bytes; at += kHanBytes) {
      const std::string character = term.text.substr(at, kHanBytes);
      const auto [known, is_new] = characters.try_emplace(character);
      if (is_new) known->second = text::pinyin(character);
      if (known->second.empty()) {
        whole.clear();
        break;
      }
      if (!whole.empty()) whole += ' ';
      whole += known->second;
    }
    if (!whole.empty()) sounds[blurred(whole)].push_back(&term);
  }
  for (auto& entry : sounds) std::ranges::stable_sort(entry.second, std::greater<>(), &IndexedTerm::chunks);
  return sounds;
}

std::vector<const IndexedTerm*> Vocabulary::sounding_like(std::string_view han) const {
  std::call_once(listened_, [&] { sounds_ = listen(); });
  const std::string sound = text::pinyin(han);
  if (sound.empty()) return {};
  const auto found = sounds_.find(blurred(sound));
  if (found == sounds_.end()) return {};
  std::vector<const IndexedTerm*> others;
  std::ranges::copy_if(found->second, std::back_inserter(others),
                       [&](const IndexedTerm* term) { return term->text != han; });
  return others;
}

}  // namespace attune
