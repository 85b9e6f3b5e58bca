// Titled paragraphs: a title asks for what stands under it, a sentence for what it was taken out of.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/core/lines.hpp"
#include "attune/text.hpp"

#include "train/maker_functions.hpp"
#include "train/source_name.hpp"

namespace attune::train {
namespace {

constexpr std::size_t kLargestFile = std::size_t{256} << 20U;
constexpr std::size_t kShortestSentence = 30;  // bytes: about six English words or ten Chinese characters
constexpr std::size_t kShortestRest = 60;      // bytes

struct Paragraph {
  std::string title;
  std::string text;
};

Result<std::vector<Paragraph>> read_titled(const std::filesystem::path& file) {
  // The list may be written over many lines.
  std::string whole;
  const Status read = for_each_line(plain_or_gzipped(file), [&](std::string_view line) -> Status {
    if (whole.size() + line.size() > kLargestFile) return Error{ErrorKind::too_large, "the file is over 256 MiB"};
    whole.append(line).append(1, '\n');
    return {};
  });
  if (!read) return read.error();
  const auto json = nlohmann::json::parse(whole, nullptr, false);
  std::vector<Paragraph> paragraphs;
  const auto wrong = [&](const std::string& what) {
    return Error{ErrorKind::bad_input, "'" + to_utf8(file) + "': " + what};
  };
  if (!json.is_array()) return wrong("this is no JSON list of paragraphs");
  for (const auto& entry : json) {
    const bool fine = entry.is_object() && entry.contains("text") && entry["text"].is_string() &&
                      entry.contains("title") && entry["title"].is_string();
    if (!fine) return wrong("paragraph " + std::to_string(paragraphs.size() + 1) + " has no title or no text");
    paragraphs.push_back({entry["title"].get<std::string>(), entry["text"].get<std::string>()});
  }
  return paragraphs;
}

// "Teutberga" for "Teutberga (died 875)": what stands in brackets is there to tell pages apart.
std::string asked_title(const std::string& title) {
  const std::size_t bracket = title.find(" (");
  return bracket == std::string::npos || bracket == 0 ? title : title.substr(0, bracket);
}

std::string under_title(const std::string& title, const std::string& text) {
  return title.empty() ? text : title + ". " + text;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

std::optional<Cloze> cloze_of(const ClozeSource& source, Randomness& chance) {
  const std::string_view passage = source.passage;
  const std::vector<ByteSpan> all = text::sentences(passage, source.language);
  // How many sentences, the title among them, hold each term.
  std::map<std::string, int> holders;
  std::vector<std::set<std::string>> terms;
  const auto note = [&](std::string_view sentence) {
    std::set<std::string>& own = terms.emplace_back();
    for (text::Term& term : text::query_terms(sentence, {std::string(source.language)}))
      own.insert(std::move(term.text));
    for (const std::string& term : own) ++holders[term];
  };
  for (const ByteSpan& sentence : all) note(sentence.of(passage));
  note(source.title);

  std::vector<ByteSpan> sentences;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto shared =
        std::count_if(terms[i].begin(), terms[i].end(), [&](const std::string& term) { return holders[term] > 1; });
    const bool fits = all[i].size() >= kShortestSentence && passage.size() - all[i].size() >= kShortestRest;
    if (fits && shared >= 2) sentences.push_back(all[i]);
  }
  if (sentences.empty()) return std::nullopt;
  const ByteSpan taken = sentences[chance.below(sentences.size())];
  Cloze cloze{std::string(taken.of(passage)), std::string(passage)};
  if (!chance.happens(0.1)) {
    std::string before(passage.substr(0, taken.start));
    std::string_view after = passage.substr(taken.end);
    while (after.starts_with(' ') && (before.empty() || before.ends_with(' '))) after.remove_prefix(1);
    while (after.empty() && before.ends_with(' ')) before.pop_back();
    cloze.rest = std::move(before);
    cloze.rest += after;
  }
  return cloze;
}

Result<std::vector<std::string>> read_passages(const std::filesystem::path& file) {
  if (to_utf8(file.filename()).find(".jsonl") != std::string::npos) {
    auto groups = read_groups(file);
    if (!groups) return groups.error();
    return std::move(groups->passages);
  }
  const auto paragraphs = read_titled(file);
  if (!paragraphs) return paragraphs.error();
  std::vector<std::string> texts;
  for (const Paragraph& paragraph : *paragraphs) {
    texts.push_back(under_title(paragraph.title, paragraph.text));
  }
  return texts;
}

Result<GroupSet> make_title_pairs(const std::filesystem::path& file, std::uint64_t) {
  const auto paragraphs = read_titled(file);
  if (!paragraphs) return paragraphs.error();
  GroupBuilder builder(source_name(file) + "-titles");
  for (const Paragraph& paragraph : *paragraphs) {
    if (is_blank(paragraph.title) || is_blank(paragraph.text)) continue;
    const std::string language = text::detect_language(paragraph.text);
    if (const Status added = builder.add(language, asked_title(paragraph.title), {{paragraph.text, 1}}); !added) {
      return added.error().while_doing("paragraph '" + paragraph.title + "'");
    }
  }
  return std::move(builder).finish();
}

Result<GroupSet> make_cloze_pairs(const std::filesystem::path& file, std::uint64_t seed) {
  const auto paragraphs = read_titled(file);
  if (!paragraphs) return paragraphs.error();
  GroupBuilder builder(source_name(file) + "-cloze");
  const Randomness source = Randomness(seed).child(stable_hash("cloze"));
  for (std::size_t i = 0; i < paragraphs->size(); ++i) {
    const Paragraph& paragraph = (*paragraphs)[i];
    const std::string language = text::detect_language(paragraph.text);
    Randomness chance = source.child(i);
    auto cloze = cloze_of({paragraph.title, paragraph.text, language}, chance);
    if (!cloze) continue;
    const std::vector<StatedPassage> stated = {{under_title(paragraph.title, cloze->rest), 1}};
    if (const Status added = builder.add(language, std::move(cloze->sentence), stated); !added) {
      return added.error().while_doing("paragraph '" + paragraph.title + "'");
    }
  }
  return std::move(builder).finish();
}

}  // namespace attune::train
