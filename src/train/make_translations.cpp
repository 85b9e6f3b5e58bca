// Sentences in two languages: each asks for the other.
#include <map>
#include <utility>

#include "train/maker_functions.hpp"
#include "train/sentence_pairs.hpp"
#include "train/source_name.hpp"

namespace attune::train {
namespace {

// Below this a sentence ("Hi.") has a dozen translations and says nothing: bytes.
constexpr std::size_t kShortestEnglish = 16;
constexpr std::size_t kShortestChinese = 15;

// A set holds passages of one language only: if negatives could be in the query's, its language would tell the answer.
Result<GroupSet> make_translations(const std::filesystem::path& file, bool to_chinese) {
  // All translations of a sentence are its positives.
  std::map<std::string, std::vector<StatedPassage>> groups;
  const Status read = for_each_sentence_pair(file, [&](SentencePair pair) {
    if (pair.english.size() < kShortestEnglish || pair.chinese.size() < kShortestChinese) return;
    if (to_chinese) {
      groups[std::move(pair.english)].push_back({std::move(pair.chinese), 1});
    } else {
      groups[std::move(pair.chinese)].push_back({std::move(pair.english), 1});
    }
  });
  if (!read) return read.error();
  GroupBuilder builder(source_name(file) + (to_chinese ? "-to-chinese" : "-to-english"));
  for (const auto& [query, passages] : groups) {
    if (const Status added = builder.add(to_chinese ? "en" : "zh", query, passages); !added) return added.error();
  }
  return std::move(builder).finish();
}

}  // namespace

Result<GroupSet> make_to_chinese(const std::filesystem::path& file, std::uint64_t) {
  return make_translations(file, true);
}

Result<GroupSet> make_to_english(const std::filesystem::path& file, std::uint64_t) {
  return make_translations(file, false);
}

}  // namespace attune::train
