#include "train/augment.hpp"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <vector>

#include "attune/text.hpp"
#include "attune/train/batches.hpp"

namespace attune::train {
namespace {

bool is_small(char letter) {
  return letter >= 'a' && letter <= 'z';
}
bool is_capital(char letter) {
  return letter >= 'A' && letter <= 'Z';
}
bool is_letter(char letter) {
  return is_small(letter) || is_capital(letter);
}
// Part of a word, as far as case goes: letters of other scripts and accented ones are bytes from 0x80 on.
bool is_word(char letter) {
  return is_letter(letter) || (letter >= '0' && letter <= '9') || letter == '\'' ||
         static_cast<unsigned char>(letter) >= 0x80;
}
char capital(char letter) {
  return is_small(letter) ? static_cast<char>(letter - 'a' + 'A') : letter;
}
char small(char letter) {
  return is_capital(letter) ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// The keys beside each letter on the keyboard that most of the world types on.
constexpr std::array<std::string_view, 26> kBeside = {
    "qwsz", "vghn", "xdfv", "serfcx", "wsdr", "drtgvc", "ftyhbv", "gyujnb", "ujko", "huikmn", "jiolm", "kop",  "njk",
    "bhjm", "iklp", "ol",   "wa",     "edft", "awedxz", "rfgy",   "yhji",   "cfgb", "qase",   "zsdc",  "tghu", "asx"};

std::vector<ByteSpan> words_to_mistype(std::string_view text) {
  std::vector<ByteSpan> words;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    bool all_letters = true;
    while (end < text.size() && is_word(text[end])) all_letters = is_letter(text[end++]) && all_letters;
    if (all_letters && end - at >= 4) words.push_back({at, end});
    at = std::max(end, at + 1);
  }
  return words;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string changed(text);
  std::transform(changed.begin(), changed.end(), changed.begin(), small);
  return changed;
}

std::string upper_case(std::string_view text) {
  std::string changed(text);
  std::transform(changed.begin(), changed.end(), changed.begin(), capital);
  return changed;
}

std::string title_case(std::string_view text) {
  std::string changed(text);
  for (std::size_t at = 0; at < changed.size(); ++at) {
    if (at == 0 || !is_word(changed[at - 1])) changed[at] = capital(changed[at]);
  }
  return changed;
}

std::string sentence_case(std::string_view text) {
  std::string changed(text);
  bool begins = true;
  for (std::size_t at = 0; at < changed.size(); ++at) {
    const char before = at == 0 ? ' ' : changed[at - 1];
    const char letter = changed[at];
    const bool alone =
        !is_word(before) && (at + 1 == changed.size() || !is_word(changed[at + 1]) || changed[at + 1] == '\'');
    if (begins || (letter == 'i' && alone)) changed[at] = capital(letter);
    if (is_word(letter)) begins = false;
    if (letter == ' ' && at > 0 && (before == '.' || before == '!' || before == '?')) begins = true;
  }
  return changed;
}

std::string with_typo(std::string_view text, Randomness& chance) {
  std::string changed(text);
  const auto words = words_to_mistype(text);
  if (words.empty()) return changed;
  const ByteSpan word = words[chance.below(words.size())];
  const std::size_t at = word.start + 1 + chance.below(word.size() - 1);
  switch (chance.below(4)) {
    case 0:
      // The last letter swaps with the one before it; never with the first.
      if (at + 1 < word.end) {
        std::swap(changed[at], changed[at + 1]);
      } else {
        std::swap(changed[at], changed[at - 1]);
      }
      break;
    case 1:
      changed.erase(at, 1);
      break;
    case 2:
      changed.insert(at, 1, changed[at]);
      break;
    default: {
      const std::string_view keys = kBeside[static_cast<std::size_t>(small(changed[at]) - 'a')];
      const char hit = keys[chance.below(keys.size())];
      changed[at] = is_capital(changed[at]) ? capital(hit) : hit;
    }
  }
  return changed;
}

std::string_view without_question_mark(std::string_view text) {
  const auto trimmed = [](std::string_view rest) {
    while (rest.ends_with(' ')) rest.remove_suffix(1);
    return rest;
  };
  std::string_view rest = trimmed(text);
  constexpr std::string_view kWide = "？";
  if (rest.ends_with('?')) {
    rest.remove_suffix(1);
  } else if (rest.ends_with(kWide)) {
    rest.remove_suffix(kWide.size());
  } else {
    return text;
  }
  rest = trimmed(rest);
  return rest.empty() ? text : rest;
}

std::string_view some_sentences(std::string_view text, std::string_view query, Randomness& chance) {
  const auto sentences = text::sentences(text);
  if (sentences.size() < 2) return text;
  std::unordered_set<std::string> wanted;
  for (text::Term& term : text::query_terms(query)) wanted.insert(std::move(term.text));
  std::size_t nearest = 0;
  std::size_t most = 0;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    std::unordered_set<std::string> common;
    for (text::Term& term : text::index_terms(sentences[i].of(text))) {
      if (wanted.contains(term.text)) common.insert(std::move(term.text));
    }
    if (common.size() > most) {
      most = common.size();
      nearest = i;
    }
  }
  const std::size_t count = 1 + chance.below(sentences.size() - 1);
  const std::size_t earliest = nearest + 1 > count ? nearest + 1 - count : 0;
  const std::size_t latest = std::min(nearest, sentences.size() - count);
  const std::size_t first = earliest + chance.below(latest - earliest + 1);
  return text.substr(sentences[first].start, sentences[first + count - 1].end - sentences[first].start);
}

namespace {

std::string in_some_case(std::string text, const AugmentOptions& options, Randomness& chance) {
  double left = chance.unit();
  const auto chosen = [&](double rate) {
    const bool is_chosen = left >= 0 && left < rate;
    left -= rate;
    return is_chosen;
  };
  if (chosen(options.lower_case)) return lower_case(text);
  if (chosen(options.sentence_case)) return sentence_case(text);
  if (chosen(options.title_case)) return title_case(text);
  if (chosen(options.upper_case)) return upper_case(text);
  return text;
}

// Numbers are drawn whether they are needed or not, so that one rate does not change what another one does.
std::string in_some_script(std::string text, const AugmentOptions& options, Randomness& chance) {
  return chance.happens(options.traditional) ? text::to_traditional(text) : text;
}

}  // namespace

std::string augment_query(std::string_view query, const AugmentOptions& options, std::uint64_t chance) {
  const Randomness source(chance);
  Randomness marks = source.child(1);
  Randomness scripts = source.child(2);
  Randomness cases = source.child(3);
  Randomness slips = source.child(4);
  std::string text(marks.happens(options.no_question_mark) ? without_question_mark(query) : query);
  text = in_some_script(std::move(text), options, scripts);
  text = in_some_case(std::move(text), options, cases);
  if (slips.happens(options.typos)) {
    const std::size_t count = 1 + slips.below(2);
    for (std::size_t slip = 0; slip < count; ++slip) text = with_typo(text, slips);
  }
  return text;
}

std::string augment_passage(std::string_view passage, std::string_view query, const AugmentOptions& options,
                            std::uint64_t chance) {
  const Randomness source(chance);
  Randomness cuts = source.child(1);
  Randomness scripts = source.child(2);
  Randomness cases = source.child(3);
  std::string text(cuts.happens(options.shorter) ? some_sentences(passage, query, cuts) : passage);
  text = in_some_script(std::move(text), options, scripts);
  return in_some_case(std::move(text), options, cases);
}

}  // namespace attune::train
