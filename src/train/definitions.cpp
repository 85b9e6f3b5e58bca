#include "train/definitions.hpp"

#include <algorithm>
#include <array>

namespace attune::train {
namespace {

constexpr std::size_t kLongestName = 60;  // bytes
constexpr std::size_t kMostWords = 6;

struct Verb {
  std::string_view text;
  bool plural = false;
};

constexpr std::array kEnglish = {Verb{" is a "},          Verb{" is an "},         Verb{" is the "},
                                 Verb{" are a ", true},   Verb{" are the ", true}, Verb{" refers to "},
                                 Verb{" is defined as "}, Verb{" stands for "}};
constexpr std::array<std::string_view, 6> kChinese = {"是一种", "是一个", "是指", "是一", "指的是", "是"};

// Words that begin a sentence and name nothing that could be asked for.
constexpr std::array<std::string_view, 22> kNoNames = {
    "it", "this", "that", "these", "those", "there", "he",   "she", "they", "we",      "you",
    "if", "when", "here", "what",  "which", "who",   "such", "but", "and",  "because", "another"};

std::string small(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

bool is_english_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName || name.find_first_of(",;:()\"\n") != std::string_view::npos) {
    return false;
  }
  if (static_cast<std::size_t>(std::count(name.begin(), name.end(), ' ')) >= kMostWords) return false;
  const std::string first = small(name.substr(0, name.find(' ')));
  return std::find(kNoNames.begin(), kNoNames.end(), first) == kNoNames.end();
}

std::optional<std::string> english_question(std::string_view sentence) {
  std::size_t earliest = std::string_view::npos;
  bool plural = false;
  for (const Verb& verb : kEnglish) {
    const std::size_t at = sentence.find(verb.text);
    if (at >= earliest) continue;
    earliest = at;
    plural = verb.plural;
  }
  if (earliest == std::string_view::npos || !is_english_name(sentence.substr(0, earliest))) return std::nullopt;
  std::string_view name = sentence.substr(0, earliest);
  for (const std::string_view article : {"A ", "An ", "The "}) {
    if (name.starts_with(article)) name.remove_prefix(article.size());
  }
  if (name.empty()) return std::nullopt;
  return (plural ? "what are " : "what is ") + std::string(name);
}

std::optional<std::string> chinese_question(std::string_view sentence) {
  constexpr std::size_t kLongestChineseName = 30;  // bytes
  constexpr std::size_t kShortestChineseName = 6;
  for (const std::string_view verb : kChinese) {
    const std::size_t at = sentence.find(verb);
    if (at == std::string_view::npos || at < kShortestChineseName || at > kLongestChineseName) continue;
    const std::string_view name = sentence.substr(0, at);
    for (const std::string_view mark :
         {"，",   "。", "、", "：", "（", "“",  "这", "那", "它", "他", "她", "我", "你",
          "如果", "但", "不", "就", "也", "都", "还", "只", "可", "而", "或", "并", "总"}) {
      if (name.find(mark) != std::string_view::npos) return std::nullopt;
    }
    return std::string(name) + "是什么";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> question_of_definition(std::string_view sentence) {
  const bool is_chinese = !sentence.empty() && static_cast<unsigned char>(sentence.front()) >= 0xE3;
  return is_chinese ? chinese_question(sentence) : english_question(sentence);
}

}  // namespace attune::train
