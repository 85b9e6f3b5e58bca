// The most probable way to cut characters into pieces (Viterbi over the lattice of all pieces that fit).
//
// C characters; from every character the trie is walked once, at most as far as the longest piece, so time is linear
// in C. Holds its memory from call to call: one lattice for each thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tokenizer/piece_model.hpp"
#include "tokenizer/piece_trie.hpp"

namespace attune {

inline constexpr double kUnknownPenalty = 10;  // below the least probable piece, as in SentencePiece

// A piece over characters [first, end) of a word.
struct LatticePiece {
  std::int32_t id = 0;  // full id, the unknown id for characters without a piece
  std::uint32_t first = 0;
  std::uint32_t end = 0;
};

struct LatticeRules {
  const PieceTrie* trie = nullptr;
  std::span<const double> scores;      // [pieces]
  std::span<const std::int32_t> rows;  // [pieces]; empty: every piece may be used, else only those with a row
  std::int32_t unknown_id = 0;
  double unknown_score = 0;  // of one character without a piece: worse than any piece
};

class UnigramLattice {
 public:
  // Cuts characters [first, end) of `word`. The answer lives until the next call. Neighbouring unknown characters are
  // one piece. Of equally probable ways the one whose last piece begins first wins, as in the reference tokenizers.
  std::span<const LatticePiece> cut(const SpelledWord& word, std::size_t first, std::size_t end,
                                    const LatticeRules& rules);

 private:
  struct Best {
    double score = 0;
    std::int32_t id = -1;
    std::uint32_t from = 0;  // where the last piece begins
    bool reached = false;
  };
  void extend(const SpelledWord& word, std::size_t at, std::size_t first, std::size_t end, const LatticeRules& rules);

  std::vector<Best> best_;  // [C + 1] the best way to each boundary
  std::vector<LatticePiece> pieces_;
};

}  // namespace attune
