#include "text/stemming.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <utility>

#include <libstemmer.h>
#include <unicode/uscript.h>

namespace attune::text {
namespace {

using Choice = std::pair<std::string_view, std::string_view>;  // language, algorithm

constexpr std::array<Choice, 22> kLatin{{
    {"ca", "catalan"},    {"da", "danish"},    {"de", "german"},     {"en", "english"},   {"es", "spanish"},
    {"eu", "basque"},     {"fi", "finnish"},   {"fr", "french"},     {"ga", "irish"},     {"hu", "hungarian"},
    {"id", "indonesian"}, {"it", "italian"},   {"lt", "lithuanian"}, {"nb", "norwegian"}, {"nl", "dutch"},
    {"nn", "norwegian"},  {"no", "norwegian"}, {"pt", "portuguese"}, {"ro", "romanian"},  {"sr", "serbian"},
    {"sv", "swedish"},    {"tr", "turkish"},
}};

// Written in Latin letters, without a Snowball stemmer: an English one would do harm.
constexpr std::array<std::string_view, 17> kLatinUnstemmed{"af", "bs", "cs", "cy", "eo", "et", "hr", "is", "la",
                                                           "lv", "ms", "pl", "sk", "sl", "sq", "sw", "vi"};

std::string_view latin_algorithm(std::string_view language) {
  for (const auto& [code, algorithm] : kLatin) {
    if (code == language) return algorithm;
  }
  const bool unstemmed = std::find(kLatinUnstemmed.begin(), kLatinUnstemmed.end(), language) != kLatinUnstemmed.end();
  return unstemmed ? "" : "english";
}

std::string_view cyrillic_algorithm(std::string_view language) {
  if (language == "sr") return "serbian";
  for (const char* other : {"be", "bg", "kk", "mk", "mn", "uk"}) {
    if (language == other) return "";
  }
  return "russian";
}

struct StemmerDeleter {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};
using OwnedStemmer = std::unique_ptr<sb_stemmer, StemmerDeleter>;

sb_stemmer* stemmer_of_thread(std::string_view algorithm) {
  thread_local std::map<std::string, OwnedStemmer, std::less<>> opened;
  auto found = opened.find(algorithm);
  if (found == opened.end()) {
    const std::string name(algorithm);
    found = opened.emplace(name, OwnedStemmer(sb_stemmer_new(name.c_str(), nullptr))).first;
  }
  return found->second.get();
}

}  // namespace

std::string_view stemming_algorithm(char32_t first_letter, std::string_view language) {
  if (first_letter < 128) return latin_algorithm(language);
  UErrorCode status = U_ZERO_ERROR;
  switch (uscript_getScript(static_cast<UChar32>(first_letter), &status)) {
    case USCRIPT_LATIN:
      return latin_algorithm(language);
    case USCRIPT_CYRILLIC:
      return cyrillic_algorithm(language);
    case USCRIPT_GREEK:
      return "greek";
    case USCRIPT_ARABIC:
      return language == "fa" || language == "ur" ? "" : "arabic";
    case USCRIPT_DEVANAGARI:
      return language == "ne" ? "nepali" : "hindi";
    case USCRIPT_ARMENIAN:
      return "armenian";
    case USCRIPT_TAMIL:
      return "tamil";
    default:
      return "";
  }
}

std::string stem(std::string_view folded, std::string_view algorithm) {
  sb_stemmer* const stemmer = algorithm.empty() ? nullptr : stemmer_of_thread(algorithm);
  if (stemmer == nullptr) return std::string(folded);
  const auto* const stemmed =
      sb_stemmer_stem(stemmer, reinterpret_cast<const sb_symbol*>(folded.data()), static_cast<int>(folded.size()));
  if (stemmed == nullptr || sb_stemmer_length(stemmer) == 0) return std::string(folded);
  return {reinterpret_cast<const char*>(stemmed), static_cast<std::size_t>(sb_stemmer_length(stemmer))};
}

}  // namespace attune::text
