// What cuts one word, already normalised, into pieces: WordPiece, Unigram, BPE, or whole words only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"

#include "tokenizer/piece_trie.hpp"

namespace attune {

// One word (or, where nothing divides a text, all of it) in UTF-8.
struct SpelledWord {
  std::string bytes;
  std::vector<std::uint32_t> starts;  // [characters + 1] offsets in `bytes`

  [[nodiscard]] std::size_t characters() const { return starts.empty() ? 0 : starts.size() - 1; }
};

// A piece over bytes [begin, end) of a word.
struct Cut {
  std::int32_t id = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// All pieces by id and by bytes. Ids may have gaps.
class PieceTable {
 public:
  struct Entry {
    std::string bytes;
    std::int32_t id = 0;
  };

  // Fails with bad_input: an id out of range, an id or a piece that is there twice, an overlong piece.
  static Result<PieceTable> create(std::vector<Entry> entries);

  [[nodiscard]] std::int32_t size() const { return static_cast<std::int32_t>(pieces_.size()); }  // greatest id + 1
  [[nodiscard]] std::string_view piece(std::int32_t id) const { return pieces_[static_cast<std::size_t>(id)]; }
  // -1 if there is none. An empty piece is never found.
  [[nodiscard]] std::int32_t find(std::string_view bytes) const;
  [[nodiscard]] const PieceTrie& trie() const { return trie_; }

 private:
  std::vector<std::string> pieces_;  // [size]; empty where there is a gap
  PieceTrie trie_;
};

// The ids of the pieces "<0x00>" … "<0xFF>", into which a word without a piece falls, -1 where there is none.
std::array<std::int32_t, 256> byte_pieces(const PieceTable& pieces);

class PieceModel {
 public:
  virtual ~PieceModel() = default;
  // Appends the pieces of `word` to `cuts`, in order.
  virtual void cut(const SpelledWord& word, std::vector<Cut>& cuts) const = 0;
  [[nodiscard]] virtual const PieceTable& pieces() const = 0;
};

using PieceModelPointer = std::unique_ptr<PieceModel>;

// What the models below fail with is bad_input, naming the piece or the field that does not fit.

struct WordPieceRules {
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
  std::size_t max_input_chars_per_word = 100;
};
Result<PieceModelPointer> make_word_piece(PieceTable pieces, const WordPieceRules& rules);

Result<PieceModelPointer> make_word_level(PieceTable pieces, std::string_view unk_token);

struct UnigramRules {
  std::vector<double> scores;  // [pieces]
  std::int32_t unk_id = 0;
  bool byte_fallback = false;
};
Result<PieceModelPointer> make_unigram(PieceTable pieces, UnigramRules rules);

struct BpeRules {
  struct Merge {
    std::string left;
    std::string right;
  };
  std::vector<Merge> merges;  // the first one goes first
  std::string unk_token;      // "": what has no piece is left out
  std::string continuing_subword_prefix;
  std::string end_of_word_suffix;
  bool fuse_unk = false;
  bool byte_fallback = false;
  bool ignore_merges = false;  // a word that is a piece stays whole
};
Result<PieceModelPointer> make_bpe(PieceTable pieces, const BpeRules& rules);

}  // namespace attune
