#include "train/stated_rows.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

#include "attune/core/file.hpp"
#include "attune/eval/rewriting.hpp"
#include "attune/text.hpp"
#include "attune/train/groups.hpp"

#include "train/follow_up.hpp"
#include "train/randomness.hpp"
#include "train/sentence_pairs.hpp"

namespace attune::train {
namespace {

constexpr std::size_t kShares = 10'000;

std::filesystem::path from_data(const RewriterTraining& training, const std::string& path) {
  const std::filesystem::path given(path);
  return given.is_absolute() ? given : training.data / given;
}

Result<std::vector<StatedRow>> read_stated(const std::filesystem::path& file, bool complete) {
  std::vector<StatedRow> rows;
  const Status read = for_each_rewrite_row(file, [&](const RewriteRow& row) -> Status {
    rows.push_back({{row.history, complete ? row.rewrite : row.query}, row.rewrite});
    return {};
  });
  if (!read) return read.error();
  return rows;
}

// Each question once, behind the histories in turn.
Result<std::vector<StatedRow>> read_strangers(const std::filesystem::path& groups,
                                              const std::filesystem::path& behind) {
  const auto set = read_groups(groups);
  if (!set) return set.error();
  auto rows = read_stated(behind, false);
  if (!rows) return rows.error();
  std::vector<StatedRow> strangers;
  for (std::size_t i = 0; i < set->groups.size() && !rows->empty(); ++i) {
    const std::string& query = set->groups[i].query;
    strangers.push_back({{(*rows)[i % rows->size()].conversation.history, query}, query});
  }
  return strangers;
}

// What people made of their questions, each behind the history of a row far away.
Result<std::vector<StatedRow>> read_shuffled(const std::filesystem::path& file) {
  auto rows = read_stated(file, true);
  if (!rows) return rows.error();
  std::vector<StatedRow> shuffled = *rows;
  for (std::size_t i = 0; i < shuffled.size(); ++i) {
    shuffled[i].conversation.history = (*rows)[(i + rows->size() / 2) % rows->size()].conversation.history;
  }
  return shuffled;
}

// Neighbouring questions, the second without what the first said; half the time with the passage that answers between.
Result<std::vector<StatedRow>> read_paragraphs(const std::filesystem::path& groups, std::uint64_t seed) {
  const auto set = read_groups(groups);
  if (!set) return set.error();
  std::vector<StatedRow> rows;
  for (std::size_t i = 1; i < set->groups.size(); ++i) {
    const auto& before = set->groups[i - 1];
    const auto& group = set->groups[i];
    const auto said = repeated_stretch(before.query, group.query);
    if (!said) continue;
    Randomness chance = Randomness(seed).child(stable_hash(group.query));
    StatedRow row{{{before.query}, leave_out(group.query, *said, chance)}, group.query};
    if (!before.passages.empty() && chance.below(2) == 0) {
      row.conversation.history.push_back(set->passages[before.passages.front().passage]);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

constexpr std::uint64_t kWithoutEnd = 4;  // one of so many sentences loses its full stop

// The text without the mark that ends its sentence.
std::string_view without_end(std::string_view text) {
  for (const std::string_view mark : {"。", "！", "？", ".", "!", "?"}) {
    if (text.ends_with(mark)) return text.substr(0, text.size() - mark.size());
  }
  return text;
}

// Each sentence asks for the other; Chinese is read simplified, so that one character is one word. People often leave
// out the full stop, which sentences of a collection have: some lose it on both sides.
Result<std::vector<StatedRow>> read_translations(const std::filesystem::path& file, bool to_chinese) {
  std::vector<StatedRow> rows;
  const Status read = for_each_sentence_pair(file, [&](SentencePair pair) {
    std::string chinese = text::to_simplified(pair.chinese);
    if (stable_hash(chinese) % kWithoutEnd == 0) {
      chinese = without_end(chinese);
      pair.english = without_end(pair.english);
    }
    if (to_chinese) {
      rows.push_back({{{}, std::move(pair.english)}, std::move(chinese)});
    } else {
      rows.push_back({{{}, std::move(chinese)}, std::move(pair.english)});
    }
  });
  if (!read) return read.error();
  return rows;
}

Result<std::vector<StatedRow>> rows_of(const RewriterTraining& training, const RewriterData& data) {
  const auto file = from_data(training, data.path);
  if (data.maker == "stranger") return read_strangers(file, from_data(training, data.behind));
  if (data.maker == "shuffled") return read_shuffled(file);
  if (data.maker == "paragraphs") return read_paragraphs(file, training.recipe.seed);
  if (is_translation(data)) return read_translations(file, data.maker == "to-chinese");
  return read_stated(file, data.maker == "complete");
}

}  // namespace

bool is_translation(const RewriterData& data) {
  return data.maker == "to-english" || data.maker == "to-chinese";
}

Result<std::vector<StatedRow>> read_stated_rows(const RewriterTraining& training, const RewriterData& data) {
  auto rows = rows_of(training, data);
  if (rows && data.limit > 0 && rows->size() > data.limit) rows->resize(data.limit);
  return rows;
}

bool is_held_out(const Conversation& conversation, const RewriterRecipe& recipe) {
  const std::vector<std::string>& history = conversation.history;
  std::string beginning = history.empty() ? conversation.question : history.front();
  if (history.size() > 1) beginning += "\n" + history[1];
  Randomness chance = Randomness(recipe.seed).child(stable_hash(beginning));
  return static_cast<double>(chance.below(kShares)) < recipe.held_out * static_cast<double>(kShares);
}

}  // namespace attune::train
