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

// A set holds passages of one language only: if negatives could be in the query's, its language would tell the answer.
Result<GroupSet> make_translations(const std::filesystem::path& file, bool to_chinese) {
  // All translations of a sentence are its positives.
  std::map<std::string, std::vector<StatedPassage>> groups;
  const Status read = for_each_line(plain_or_gzipped(file), [&](std::string_view line) -> Status {
    auto pair = parse_pair(line);
    if (!pair) return pair.error();
    if (pair->english.size() < kShortestEnglish || pair->chinese.size() < kShortestChinese) return {};
    if (to_chinese) {
      groups[std::move(pair->english)].push_back({std::move(pair->chinese), 1});
    } else {
      groups[std::move(pair->chinese)].push_back({std::move(pair->english), 1});
    }
    return {};
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
