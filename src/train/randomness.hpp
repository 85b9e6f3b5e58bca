// Chance that is the same on every machine: the standard library's distributions are not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace attune::train {

// FNV-1a: the same everywhere, unlike std::hash. Not against malice.
constexpr std::uint64_t stable_hash(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3U;
  return hash;
}

// SplitMix64. Two streams that start from different numbers have nothing in common that training could notice.
class Randomness {
 public:
  explicit constexpr Randomness(std::uint64_t seed) : state_(seed) {}

  // The stream of one thing within another: of a group within an epoch within a run.
  [[nodiscard]] constexpr Randomness child(std::uint64_t which) const {
    Randomness mixed(state_ ^ (which * 0x9e3779b97f4a7c15U + 0x7f4a7c15U));
    return Randomness(mixed.next());
  }

  constexpr std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }

  // 0 … count - 1; `count` is positive. The bias of the remainder is below 2^-40 for every count that occurs here.
  constexpr std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  // 0 ≤ x < 1.
  constexpr double unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  constexpr bool happens(double rate) { return unit() < rate; }

  template <typename T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t left = values.size(); left > 1; --left) std::swap(values[left - 1], values[below(left)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace attune::train
