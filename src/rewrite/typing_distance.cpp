#include "rewrite/typing_distance.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace attune {
namespace {

constexpr double kSlip = 0.8;     // a neighbouring key, two letters swapped
constexpr double kDoubled = 0.7;  // a letter twice, or once instead of twice
constexpr double kFirst = 0.3;    // more, in the first letter: people watch it

// Places of a–z on a keyboard (QWERTY) in quarters of a key, rows a key apart; -1 for none.
struct Key {
  int x = -1;
  int y = -1;
};

constexpr std::array<Key, 26> make_keys() {
  constexpr std::array<std::u32string_view, 3> kRows = {U"qwertyuiop", U"asdfghjkl", U"zxcvbnm"};
  constexpr std::array<int, 3> kShift = {0, 1, 3};
  std::array<Key, 26> keys{};
  for (std::size_t row = 0; row < kRows.size(); ++row) {
    for (std::size_t i = 0; i < kRows[row].size(); ++i) {
      keys[kRows[row][i] - U'a'] = {static_cast<int>(4 * i) + kShift[row], static_cast<int>(row)};
    }
  }
  return keys;
}

bool are_neighbours(char32_t left, char32_t right) {
  static constexpr std::array<Key, 26> kKeys = make_keys();
  if (left < U'a' || left > U'z' || right < U'a' || right > U'z') return false;
  const Key a = kKeys[left - U'a'];
  const Key b = kKeys[right - U'a'];
  return std::abs(a.x - b.x) <= 4 && std::abs(a.y - b.y) <= 1;
}

// What it costs that a word's character at `at` was typed too often, or not at all.
double gap(std::u32string_view text, std::size_t at) {
  if (at == 0) return 1 + kFirst;
  return text[at] == text[at - 1] ? kDoubled : 1;
}

}  // namespace

double typing_distance(std::u32string_view typed, std::u32string_view word, double most, std::size_t open_end) {
  const std::size_t columns = word.size() + 1;
  std::vector<double> two_above(columns);
  std::vector<double> above(columns);
  std::vector<double> row(columns);
  for (std::size_t j = 1; j < columns; ++j) row[j] = row[j - 1] + gap(word, j - 1);
  double best = most + 1;
  const auto ends_here = [&](std::size_t i) {
    if (i + open_end >= typed.size()) best = std::min(best, row.back());
  };
  ends_here(0);
  for (std::size_t i = 1; i <= typed.size(); ++i) {
    two_above.swap(above);
    above.swap(row);
    row[0] = above[0] + gap(typed, i - 1);
    double least = row[0];
    for (std::size_t j = 1; j < columns; ++j) {
      const char32_t one = typed[i - 1];
      const char32_t other = word[j - 1];
      double change = 0;
      if (one != other) change = (are_neighbours(one, other) ? kSlip : 1) + (i == 1 && j == 1 ? kFirst : 0);
      row[j] = std::min({above[j - 1] + change, above[j] + gap(typed, i - 1), row[j - 1] + gap(word, j - 1)});
      if (i > 1 && j > 1 && one != other && one == word[j - 2] && typed[i - 2] == other) {
        row[j] = std::min(row[j], two_above[j - 2] + kSlip);
      }
      least = std::min(least, row[j]);
    }
    ends_here(i);
    if (least > most && (i < 2 || *std::ranges::min_element(above) > most)) return std::min(best, least);
  }
  return best;
}

}  // namespace attune
