// Abbreviations: what a passage says they stand for, right before it names them in brackets.
//
// The letters of the abbreviation must be found in order in the words before the bracket, its first at the beginning of
// a word: A. Schwartz, M. Hearst, A simple algorithm for identifying abbreviation definitions in biomedical text, 2003.
#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "attune/text.hpp"

#include "rewrite/rules.hpp"

namespace attune {
namespace {

constexpr std::size_t kLeastLetters = 2;
constexpr std::size_t kMostLetters = 6;
constexpr std::size_t kPassages = 20;   // that are read for one
constexpr std::size_t kMostLooked = 3;  // of a question
constexpr float kWeight = 0.3F;

bool is_letter(char byte) {
  return std::isalpha(static_cast<unsigned char>(byte)) != 0;
}
char lower(char byte) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(byte)));
}

// In capitals, but for an "s" of the plural: "DNA", "PCs".
bool is_abbreviation(std::string_view word) {
  if (word.size() < kLeastLetters || word.size() > kMostLetters) return false;
  const std::string_view stem =
      word.ends_with('s') && word.size() > kLeastLetters ? word.substr(0, word.size() - 1) : word;
  return std::ranges::all_of(stem, [](char byte) { return byte >= 'A' && byte <= 'Z'; });
}

// The long form at the end of `before`, "" if there is none.
std::string long_form(std::string_view before, std::string_view letters) {
  while (!before.empty() && before.back() == ' ') before.remove_suffix(1);
  std::size_t at = before.size();
  for (std::size_t letter = letters.size(); letter-- > 0;) {
    const auto matches = [&](std::size_t place) {
      return lower(before[place]) == lower(letters[letter]) &&
             (letter > 0 || place == 0 || !is_letter(before[place - 1]));
    };
    while (at > 0 && !matches(at - 1)) --at;
    if (at == 0) return "";
    --at;
  }
  std::string form(before.substr(at));
  const auto words = static_cast<std::size_t>(std::ranges::count(form, ' ')) + 1;
  const bool sentence_ends = form.find_first_of(".;:?!()\n") != std::string::npos;
  if (sentence_ends || words > letters.size() + 3 || words < 2) return "";
  return text::lower_case(form);
}

// What passages say of `word`: long form → how many say so.
Result<std::map<std::string, int>> definitions(const std::string& word, const Store& store) {
  std::map<std::string, int> forms;
  const auto found = store.search_words(word, {.k = kPassages});
  if (!found) return found.error();
  std::vector<std::int64_t> ids;
  for (const ScoredChunk& chunk : *found) ids.push_back(chunk.chunk_id);
  const auto records = store.chunks(ids);
  if (!records) return records.error();
  const std::string bracketed = "(" + word;
  for (const ChunkRecord& record : *records) {
    const std::string_view text = record.chunk.text;
    for (std::size_t at = text.find(bracketed); at != std::string_view::npos; at = text.find(bracketed, at + 1)) {
      const std::size_t behind = at + bracketed.size();
      if (behind < text.size() && is_letter(text[behind]) && text[behind] != 's') continue;
      const std::size_t from = at > 120 ? at - 120 : 0;
      if (std::string form = long_form(text.substr(from, at - from), word); !form.empty()) ++forms[form];
    }
  }
  return forms;
}

}  // namespace

Result<std::optional<Rewrite>> expand_abbreviations(const std::string& question, const Store& store) {
  Rewrite rewrite{.kind = RewriteKind::abbreviation, .words = kWeight, .dense = kWeight};
  std::size_t at = 0;
  std::size_t looked = 0;
  for (const ByteSpan& span : text::word_runs(question)) {
    std::string word(span.of(question));
    if (!is_abbreviation(word) || looked == kMostLooked) continue;
    ++looked;
    if (word.ends_with('s')) word.pop_back();
    const auto forms = definitions(word, store);
    if (!forms) return forms.error();
    if (forms->empty()) continue;
    const auto most = std::ranges::max_element(*forms, {}, [](const auto& entry) { return entry.second; });
    int all = 0;
    for (const auto& entry : *forms) all += entry.second;
    if (text::lower_case(question).find(most->first) != std::string::npos) continue;
    rewrite.confidence = std::min(rewrite.confidence, static_cast<double>(most->second) / all);
    rewrite.text += question.substr(at, span.end - at) + " ";
    const std::size_t start = rewrite.text.size();
    rewrite.text += most->first;
    rewrite.origins.push_back({{start, rewrite.text.size()}, RewriteOrigin::From::collection, 0, span});
    rewrite.why += (rewrite.why.empty() ? "" : "; ") + word + " = " + most->first;
    at = span.end;
  }
  if (rewrite.origins.empty()) return std::optional<Rewrite>();
  rewrite.text += question.substr(at);
  return std::optional(std::move(rewrite));
}

}  // namespace attune
