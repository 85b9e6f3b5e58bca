#include "text/chinese.hpp"

#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

#include <opencc/Conversion.hpp>
#include <opencc/ConversionChain.hpp>
#include <opencc/Converter.hpp>
#include <opencc/DictEntry.hpp>
#include <opencc/DictGroup.hpp>
#include <opencc/Lexicon.hpp>
#include <opencc/MarisaDict.hpp>
#include <opencc/MaxMatchSegmentation.hpp>

#include "attune/text.hpp"

namespace attune::text {
namespace {

opencc::DictPtr load(const std::string& name) {
  // Absolute paths: OpenCC's own loader would take a file of that name from the working directory first.
  return opencc::SerializableDict::NewFromFile<opencc::MarisaDict>(std::string(ATTUNE_OPENCC_DATA "/") + name +
                                                                   ".ocd2");
}

opencc::DictPtr group(std::list<opencc::DictPtr> dictionaries) {
  return std::make_shared<opencc::DictGroup>(dictionaries);
}

std::u32string characters_of(std::string_view utf8) {
  std::u32string characters;
  for (std::size_t at = 0; at < utf8.size();) characters += next_character(utf8, at);
  return characters;
}

// What OpenCC's configurations t2s and tw2sp say, with the dictionaries at hand to see what they did where.
class ChineseDictionaries {
 public:
  ChineseDictionaries() {
    const opencc::DictPtr phrases = load("TSPhrases");
    const opencc::DictPtr characters = load("TSCharacters");
    taiwan_phrases_ = load("TWPhrasesRev");
    const opencc::DictPtr variants = load("TWVariantsRev");
    const opencc::DictPtr variant_phrases = load("TWVariantsRevPhrases");
    const opencc::DictPtr taiwan = group({taiwan_phrases_, variant_phrases, variants});
    const auto to_mainland = std::make_shared<opencc::Conversion>(taiwan);
    const auto to_simple = std::make_shared<opencc::Conversion>(group({phrases, characters}));
    const auto segmentation = std::make_shared<opencc::MaxMatchSegmentation>(phrases);
    by_phrases_ = std::make_unique<opencc::Converter>(
        "tw2sp", segmentation,
        std::make_shared<opencc::ConversionChain>(std::list<opencc::ConversionPtr>{to_mainland, to_simple}));
    by_characters_ = std::make_unique<opencc::Converter>(
        "t2s", segmentation, std::make_shared<opencc::ConversionChain>(std::list<opencc::ConversionPtr>{to_simple}));
    note_characters(*characters->GetLexicon());
    for (const opencc::DictPtr& dictionary : {taiwan_phrases_, variant_phrases, variants}) {
      mark_first_characters(*dictionary);
    }
  }

  [[nodiscard]] bool is_traditional(char32_t character) const { return has(character, kTraditional); }
  [[nodiscard]] bool may_start_phrase(char32_t character) const { return has(character, kStartsPhrase); }
  [[nodiscard]] char32_t simplified(char32_t character) const {
    const auto found = simplified_.find(character);
    return found == simplified_.end() ? character : found->second;
  }
  // The longest Taiwanese phrase at the head of `utf8`, or nullptr.
  [[nodiscard]] const opencc::DictEntry* phrase_at(std::string_view utf8) const {
    const auto match = taiwan_phrases_->MatchPrefix(utf8.data(), utf8.size());
    return match.IsNull() ? nullptr : match.Get();
  }
  [[nodiscard]] std::string convert_by_phrases(const std::string& utf8) const { return by_phrases_->Convert(utf8); }
  [[nodiscard]] std::string convert_by_characters(const std::string& utf8) const {
    return by_characters_->Convert(utf8);
  }

 private:
  static constexpr std::uint8_t kTraditional = 1;
  static constexpr std::uint8_t kStartsPhrase = 2;

  void mark_first_characters(const opencc::Dict& dictionary) {
    const opencc::LexiconPtr lexicon = dictionary.GetLexicon();
    for (const auto& entry : *lexicon) mark(characters_of(entry->Key()).front(), kStartsPhrase);
  }
  void note_characters(const opencc::Lexicon& lexicon) {
    for (const auto& entry : lexicon) {
      const char32_t key = characters_of(entry->Key()).front();
      const char32_t value = characters_of(entry->GetDefault()).front();
      if (key == value) continue;
      simplified_.emplace(key, value);
      mark(key, kTraditional);
    }
  }
  void mark(char32_t character, std::uint8_t flag) {
    if (character >= flags_.size()) flags_.resize(character + 1);
    flags_[character] = static_cast<std::uint8_t>(flags_[character] | flag);
  }
  [[nodiscard]] bool has(char32_t character, std::uint8_t flag) const {
    return character < flags_.size() && (flags_[character] & flag) != 0;
  }

  opencc::DictPtr taiwan_phrases_;
  std::unique_ptr<opencc::Converter> by_phrases_;
  std::unique_ptr<opencc::Converter> by_characters_;
  std::unordered_map<char32_t, char32_t> simplified_;
  std::vector<std::uint8_t> flags_;
};

// nullptr when the files are missing or damaged: OpenCC throws, and this is where that ends.
const ChineseDictionaries* dictionaries() {
  static const std::unique_ptr<const ChineseDictionaries> loaded = []() -> std::unique_ptr<const ChineseDictionaries> {
    try {
      return std::make_unique<const ChineseDictionaries>();
    } catch (const std::exception&) {
      return nullptr;
    } catch (const opencc::Exception&) {
      return nullptr;
    }
  }();
  return loaded.get();
}

// Simplified to traditional, with dictionaries of its own: only training asks for it. nullptr as above.
const opencc::Converter* traditional_converter() {
  static const std::unique_ptr<const opencc::Converter> loaded = []() -> std::unique_ptr<const opencc::Converter> {
    try {
      const opencc::DictPtr phrases = load("STPhrases");
      const auto conversion = std::make_shared<opencc::Conversion>(group({phrases, load("STCharacters")}));
      return std::make_unique<const opencc::Converter>(
          "s2t", std::make_shared<opencc::MaxMatchSegmentation>(phrases),
          std::make_shared<opencc::ConversionChain>(std::list<opencc::ConversionPtr>{conversion}));
    } catch (const std::exception&) {
      return nullptr;
    } catch (const opencc::Exception&) {
      return nullptr;
    }
  }();
  return loaded.get();
}

std::string converted(const ChineseDictionaries& chinese, const std::string& utf8, bool by_phrases) {
  try {
    return by_phrases ? chinese.convert_by_phrases(utf8) : chinese.convert_by_characters(utf8);
  } catch (...) {
    return utf8;
  }
}

}  // namespace

bool has_chinese_dictionaries() {
  return dictionaries() != nullptr;
}

void simplify(FoldedText& ideographs) {
  const ChineseDictionaries* const chinese = dictionaries();
  if (chinese == nullptr) return;
  bool wanted = false;
  for (const FoldedCharacter& character : ideographs) wanted = wanted || chinese->is_traditional(character.value);
  if (!wanted) return;
  const std::u32string simple = characters_of(converted(*chinese, to_utf8(ideographs, 0, ideographs.size()), false));
  for (std::size_t i = 0; i < ideographs.size(); ++i) {
    // A phrase that changes its length would cost the spans: then character by character.
    ideographs[i].value = simple.size() == ideographs.size() ? simple[i] : chinese->simplified(ideographs[i].value);
  }
}

std::vector<RegionalForm> regional_forms(const FoldedText& ideographs) {
  std::vector<RegionalForm> forms;
  const ChineseDictionaries* const chinese = dictionaries();
  if (chinese == nullptr) return forms;
  for (std::size_t i = 0; i < ideographs.size(); ++i) {
    if (!chinese->may_start_phrase(ideographs[i].value)) continue;
    constexpr std::size_t kLongestPhrase = 12;
    const std::string rest = to_utf8(ideographs, i, std::min(kLongestPhrase, ideographs.size() - i));
    const opencc::DictEntry* const entry = chinese->phrase_at(rest);
    if (entry == nullptr) continue;
    const std::size_t count = characters_of(entry->Key()).size();
    const ByteSpan span{ideographs[i].span.start, ideographs[i + count - 1].span.end};
    RegionalForm form{i, count, {}};
    for (const char32_t character : characters_of(converted(*chinese, entry->GetDefault(), false))) {
      form.mainland.push_back({character, span});
    }
    forms.push_back(std::move(form));
    i += count - 1;
  }
  return forms;
}

std::string to_simplified(std::string_view utf8) {
  const ChineseDictionaries* const chinese = dictionaries();
  std::string result;
  result.reserve(utf8.size());
  std::string run;
  bool wanted = false;
  const auto finish_run = [&] {
    result += wanted ? converted(*chinese, run, true) : run;
    run.clear();
    wanted = false;
  };
  for (std::size_t at = 0; at < utf8.size();) {
    const char32_t character = next_character(utf8, at);
    if (character_class(character) != CharacterClass::ideograph) {
      finish_run();
      append_utf8(result, character);
      continue;
    }
    append_utf8(run, character);
    wanted =
        wanted || (chinese != nullptr && (chinese->is_traditional(character) || chinese->may_start_phrase(character)));
  }
  finish_run();
  return result;
}

std::string to_traditional(std::string_view utf8) {
  const opencc::Converter* const converter = traditional_converter();
  std::string result;
  result.reserve(utf8.size());
  std::string run;
  const auto finish_run = [&] {
    try {
      result += converter == nullptr || run.empty() ? run : converter->Convert(run);
    } catch (...) {
      result += run;
    }
    run.clear();
  };
  for (std::size_t at = 0; at < utf8.size();) {
    const char32_t character = next_character(utf8, at);
    const bool converts = character_class(character) == CharacterClass::ideograph;
    if (!converts) finish_run();
    append_utf8(converts ? run : result, character);
  }
  finish_run();
  return result;
}

}  // namespace attune::text
