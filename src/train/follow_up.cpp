#include "train/follow_up.hpp"

#include <array>
#include <vector>

#include "attune/text.hpp"

#include "train/edit_targets.hpp"

namespace attune::train {
namespace {

constexpr std::size_t kLeastHan = 3;
constexpr std::size_t kLeastWords = 2;
constexpr std::size_t kLeastBytes = 8;  // of words: "of the" says nothing
constexpr std::size_t kLeastLeft = 3;   // units of the question that stay

constexpr std::array<std::string_view, 5> kHanPronouns = {"它", "他", "她", "其", "这个"};
constexpr std::array<std::string_view, 6> kPronouns = {"it", "it", "they", "he", "she", "this"};

bool is_han(std::string_view unit) {
  return static_cast<unsigned char>(unit.front()) >= 0xE4U;
}

}  // namespace

std::optional<ByteSpan> repeated_stretch(std::string_view before, std::string_view question) {
  const auto spans = text::edit_units(question);
  const auto units = folded_units(question);
  const auto others = folded_units(before);
  std::size_t best = 0;
  std::size_t best_end = 0;
  std::vector<std::size_t> run(others.size() + 1, 0);  // of the unit before: how long they agree, up to each place
  for (std::size_t i = 0; i < units.size(); ++i) {
    for (std::size_t j = others.size(); j > 0; --j) {
      run[j] = units[i] == others[j - 1] && text::word_runs(units[i]).size() == 1 ? run[j - 1] + 1 : 0;
      if (run[j] > best) {
        best = run[j];
        best_end = i + 1;
      }
    }
  }
  if (best == 0 || units.size() < best + kLeastLeft) return std::nullopt;
  const ByteSpan stretch{spans[best_end - best].start, spans[best_end - 1].end};
  const bool han = is_han(units[best_end - best]);
  if (best < (han ? kLeastHan : kLeastWords) || stretch.size() < kLeastBytes) return std::nullopt;
  return stretch;
}

std::string leave_out(std::string_view question, const ByteSpan& stretch, Randomness& chance) {
  std::string_view instead;
  if (chance.below(2) == 0) {
    instead = is_han(stretch.of(question)) ? kHanPronouns[chance.below(kHanPronouns.size())]
                                           : kPronouns[chance.below(kPronouns.size())];
  }
  std::string_view ahead = question.substr(0, stretch.start);
  std::string_view behind = question.substr(stretch.end);
  if (instead.empty() && behind.starts_with(' ')) behind.remove_prefix(1);
  std::string shorter(ahead);
  shorter += instead;
  shorter += behind;
  return shorter;
}

}  // namespace attune::train
