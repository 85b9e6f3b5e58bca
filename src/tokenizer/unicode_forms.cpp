// NFC, NFD, NFKC and NFKD with the reference's alignment: a decomposed character's parts keep their "replaces" or
// "inserted" while combining marks are put in order, and so do characters that are composed again.
#include <algorithm>

#include "tokenizer/normalizers.hpp"
#include "tokenizer/unicode_classes.hpp"

namespace attune {
namespace {

struct ClassedStep {
  Rewriting step;
  std::uint8_t combining = 0;
};

std::vector<ClassedStep> decompose(const TextPart& part, bool compatible) {
  std::vector<ClassedStep> steps;
  steps.reserve(part.characters.size());
  std::size_t marks = 0;  // steps behind this one have a class and are not in order yet
  const auto order_marks = [&] {
    std::stable_sort(
        steps.begin() + static_cast<std::ptrdiff_t>(marks), steps.end(),
        [](const ClassedStep& left, const ClassedStep& right) { return left.combining < right.combining; });
  };
  std::vector<std::uint32_t> decomposed;
  for (const AlignedCharacter& character : part.characters) {
    decomposed.clear();
    append_decomposition(character.value, compatible, decomposed);
    for (std::size_t index = 0; index < decomposed.size(); ++index) {
      const std::uint8_t combining = combining_class(decomposed[index]);
      if (combining == 0) order_marks();
      steps.push_back({{decomposed[index], index == 0 ? 0 : 1}, combining});
      if (combining == 0) marks = steps.size();
    }
  }
  order_marks();
  return steps;
}

std::vector<Rewriting> compose(const std::vector<ClassedStep>& steps) {
  std::vector<Rewriting> result;
  result.reserve(steps.size());
  std::vector<Rewriting> blocked;  // marks that stay behind the starter
  Rewriting starter;
  bool has_starter = false;
  int last_class = -1;  // of the last mark that was blocked, -1: none
  const auto flush = [&] {
    if (has_starter) result.push_back(starter);
    result.insert(result.end(), blocked.begin(), blocked.end());
    blocked.clear();
    last_class = -1;
  };
  for (const ClassedStep& next : steps) {
    if (!has_starter) {
      if (next.combining != 0) {
        result.push_back(next.step);
      } else {
        starter = next.step;
        has_starter = true;
      }
      continue;
    }
    const bool is_blocked = last_class >= next.combining;
    const std::uint32_t composed = is_blocked ? 0 : composition(starter.value, next.step.value);
    if (composed != 0) {
      starter = {composed, starter.change + next.step.change - 1};
    } else if (next.combining == 0) {
      flush();
      starter = next.step;
    } else {
      blocked.push_back(next.step);
      last_class = next.combining;
    }
  }
  flush();
  return result;
}

// Nothing below decomposes or composes, in any form.
bool is_inert(const TextPart& part) {
  return std::all_of(part.characters.begin(), part.characters.end(),
                     [](const AlignedCharacter& character) { return character.value < 0xA0; });
}

}  // namespace

void apply_unicode_form(UnicodeForm form, TextPart& part) {
  if (is_inert(part)) return;
  const bool compatible = form == UnicodeForm::nfkc || form == UnicodeForm::nfkd;
  const std::vector<ClassedStep> decomposed = decompose(part, compatible);
  if (form == UnicodeForm::nfc || form == UnicodeForm::nfkc) {
    rewrite(part, compose(decomposed));
    return;
  }
  std::vector<Rewriting> steps;
  steps.reserve(decomposed.size());
  for (const ClassedStep& classed : decomposed) steps.push_back(classed.step);
  rewrite(part, steps);
}

}  // namespace attune
