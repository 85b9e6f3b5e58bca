// Sentences in two languages: each asks for the other.
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "attune/core/lines.hpp"

#include "train/maker_functions.hpp"
#include "train/source_name.hpp"

namespace attune::train {
namespace {

// Below this a sentence ("Hi.") has a dozen translations and says nothing: bytes.
constexpr std::size_t kShortestEnglish = 16;
constexpr std::size_t kShortestChinese = 15;

struct Pair {
  std::string english;
  std::string chinese;
};

Result<Pair> parse_pair(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const bool fine = json.is_object() && json.contains("en") && json["en"].is_string() && json.contains("zh") &&
                    json["zh"].is_string();
  if (!fine) return Error{ErrorKind::bad_input, "this is no {\"en\": text, \"zh\": text}"};
  return Pair{json["en"].get<std::string>(), json["zh"].get<std::string>()};
}

}  // namespace

Result<GroupSet> make_translation_pairs(const std::filesystem::path& file, std::uint64_t seed) {
  // All translations of a sentence are its positives, whichever of them comes first.
  std::map<std::string, std::vector<StatedPassage>> to_chinese;
  std::map<std::string, std::vector<StatedPassage>> to_english;
  const Status read = for_each_line(plain_or_gzipped(file), [&](std::string_view line) -> Status {
    auto pair = parse_pair(line);
    if (!pair) return pair.error();
    if (pair->english.size() < kShortestEnglish || pair->chinese.size() < kShortestChinese) return {};
    to_chinese[pair->english].push_back({pair->chinese, 1});
    to_english[pair->chinese].push_back({pair->english, 1});
    return {};
  });
  if (!read) return read.error();
  GroupBuilder builder(source_name(file));
  // One direction for each sentence, by chance: with both, every pair would be learned twice.
  Randomness chance = Randomness(seed).child(stable_hash("translations"));
  const auto add = [&](const auto& groups, const char* language) -> Status {
    for (const auto& [query, passages] : groups) {
      if (!chance.happens(0.5)) continue;
      if (const Status added = builder.add(language, query, passages); !added) return added;
    }
    return {};
  };
  if (const Status added = add(to_chinese, "en"); !added) return added.error();
  if (const Status added = add(to_english, "zh"); !added) return added.error();
  return std::move(builder).finish();
}

}  // namespace attune::train
