// BM25 over some thousand passages in memory: what the store answers to one question in milliseconds, this answers in
// microseconds, because mining asks once for each of ten thousand groups.
//
// The terms are the text room's and the formula is the store's (src/store/bm25.hpp); a test holds the two together.
// Thread-safe after construction.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace attune::train {

class WordIndex {
 public:
  struct Scores {
    std::vector<float> of;                // [passages]; 0 where no word is found
    std::vector<std::uint32_t> touched;   // those that are not 0, in any order
    std::vector<std::uint32_t> together;  // memory for words with several stems, all 0 between calls
  };

  // Over passages[members[i]]; a passage is known by its i. `language` as in text::index_terms.
  WordIndex(std::span<const std::string> passages, std::span<const std::uint32_t> members, std::string_view language);

  // Scores all passages for the query. `scores` is overwritten; keep it for the next call.
  void score(std::string_view query, Scores& scores) const;
  // The `count` best of them, best first, ties by ascending place.
  static std::vector<std::uint32_t> best(const Scores& scores, std::size_t count);

 private:
  struct Posting {
    std::uint32_t passage = 0;
    std::uint32_t count = 0;
  };

  std::string language_;
  std::unordered_map<std::string, std::uint32_t> terms_;
  std::vector<std::vector<Posting>> postings_;  // [terms]
  std::vector<float> held_back_;                // [passages] k1 · (1 − b + b · length / average length)
};

}  // namespace attune::train
