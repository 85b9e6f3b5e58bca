// Dictionary entries as CC-CEDICT has them: 電腦 电脑 [dian4 nao3] /computer/
#include <set>
#include <utility>

#include "attune/core/lines.hpp"

#include "train/maker_functions.hpp"
#include "train/source_name.hpp"

namespace attune::train {
namespace {

struct Entry {
  std::string traditional;
  std::string simplified;
  std::string meanings;  // "computer; calculator"
};

// Meanings that point elsewhere or name nothing but a sound teach nothing.
bool is_of_use(std::string_view meaning) {
  for (const std::string_view useless :
       {"variant of", "see ", "surname ", "abbr. for", "CL:", "old variant", "used in "}) {
    if (meaning.starts_with(useless)) return false;
  }
  // Other words with their readings: "also written 電腦|电脑[dian4 nao3]".
  return meaning.find('[') == std::string_view::npos && !meaning.empty();
}

std::optional<Entry> parse_entry(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t second = line.find(" [");
  const std::size_t slash = line.find("] /");
  if (line.starts_with('#') || first == std::string_view::npos || second == std::string_view::npos ||
      slash == std::string_view::npos || !(first < second && second < slash) || !line.ends_with('/')) {
    return std::nullopt;
  }
  Entry entry{std::string(line.substr(0, first)), std::string(line.substr(first + 1, second - first - 1)), ""};
  std::string_view rest = line.substr(slash + 3);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view meaning = rest.substr(0, end);
    if (is_of_use(meaning)) entry.meanings.append(entry.meanings.empty() ? "" : "; ").append(meaning);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  constexpr std::size_t kTwoCharacters = 6;  // bytes: a single character means everything
  constexpr std::size_t kShortestMeaning = 8;
  if (entry.simplified.size() < kTwoCharacters || entry.meanings.size() < kShortestMeaning) return std::nullopt;
  return entry;
}

}  // namespace

Result<GroupSet> make_gloss_pairs(const std::filesystem::path& file, std::uint64_t seed) {
  GroupBuilder builder(source_name(file));
  std::set<std::string> asked;
  Randomness chance = Randomness(seed).child(stable_hash("glosses"));
  const Status read = for_each_line(plain_or_gzipped(file), [&](std::string_view line) -> Status {
    auto entry = parse_entry(line);
    if (!entry) return {};
    const bool from_chinese = chance.happens(0.5);
    std::string& word = chance.happens(0.3) ? entry->traditional : entry->simplified;
    std::string& query = from_chinese ? word : entry->meanings;
    // A word that is spelled alike but read otherwise means something else: the first one stands.
    if (!asked.insert(query).second) return {};
    const std::vector<StatedPassage> stated = {{from_chinese ? entry->meanings : word, 1}};
    return builder.add(from_chinese ? "zh" : "en", std::move(query), stated);
  });
  if (!read) return read.error();
  return std::move(builder).finish();
}

}  // namespace attune::train
