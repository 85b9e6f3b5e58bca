// WordPiece: from the left, always the longest piece that fits; and its simplest relative, whole words only.
#include "tokenizer/piece_model.hpp"

namespace attune {
namespace {

class WordPiece final : public PieceModel {
 public:
  Status build(PieceTable pieces, const WordPieceRules& rules) {
    pieces_ = std::move(pieces);
    unknown_ = pieces_.find(rules.unk_token);
    if (unknown_ < 0) {
      return Error{ErrorKind::bad_input, "the vocabulary lacks the unknown token '" + rules.unk_token + "'"};
    }
    most_characters_ = rules.max_input_chars_per_word;
    // Pieces inside a word begin where the prefix leads to; from there one step for each byte is kept ready, because
    // thousands of pieces branch off.
    std::uint32_t inside = PieceTrie::kRoot;
    for (const char byte : rules.continuing_subword_prefix) {
      if (inside != PieceTrie::kNone) inside = pieces_.trie().step(inside, static_cast<unsigned char>(byte));
    }
    for (std::size_t byte = 0; byte < inside_.size(); ++byte) {
      inside_[byte] =
          inside == PieceTrie::kNone ? inside : pieces_.trie().step(inside, static_cast<unsigned char>(byte));
    }
    return {};
  }

  void cut(const SpelledWord& word, std::vector<Cut>& cuts) const override {
    const std::size_t size_before = cuts.size();
    const auto size = static_cast<std::uint32_t>(word.bytes.size());
    bool is_known = word.characters() <= most_characters_;
    for (std::uint32_t begin = 0; begin < size && is_known;) {
      const Cut longest = longest_piece(word.bytes, begin);
      is_known = longest.id >= 0;
      cuts.push_back(longest);
      begin = longest.end;
    }
    if (is_known) return;
    cuts.resize(size_before);
    cuts.push_back({unknown_, 0, size});
  }

  const PieceTable& pieces() const override { return pieces_; }

 private:
  // Pieces are whole characters, and so is the word: a piece can only end where a character does.
  [[nodiscard]] Cut longest_piece(std::string_view bytes, std::uint32_t begin) const {
    Cut longest{-1, begin, begin};
    const PieceTrie& trie = pieces_.trie();
    std::uint32_t node = PieceTrie::kRoot;
    for (std::uint32_t at = begin; at < bytes.size(); ++at) {
      const auto byte = static_cast<unsigned char>(bytes[at]);
      node = at == begin && begin > 0 ? inside_[byte] : trie.step(node, byte);
      if (node == PieceTrie::kNone) break;
      if (trie.piece_at(node) >= 0) longest = {trie.piece_at(node), begin, at + 1};
    }
    return longest;
  }

  PieceTable pieces_;
  std::int32_t unknown_ = 0;
  std::size_t most_characters_ = 0;
  std::array<std::uint32_t, 256> inside_{};
};

class WordLevel final : public PieceModel {
 public:
  WordLevel(PieceTable pieces, std::int32_t unknown) : pieces_(std::move(pieces)), unknown_(unknown) {}

  void cut(const SpelledWord& word, std::vector<Cut>& cuts) const override {
    const std::int32_t id = pieces_.find(word.bytes);
    cuts.push_back({id < 0 ? unknown_ : id, 0, static_cast<std::uint32_t>(word.bytes.size())});
  }

  const PieceTable& pieces() const override { return pieces_; }

 private:
  PieceTable pieces_;
  std::int32_t unknown_ = 0;
};

}  // namespace

Result<PieceModelPointer> make_word_piece(PieceTable pieces, const WordPieceRules& rules) {
  auto model = std::make_unique<WordPiece>();
  if (const Status status = model->build(std::move(pieces), rules); !status) return status.error();
  return PieceModelPointer(std::move(model));
}

Result<PieceModelPointer> make_word_level(PieceTable pieces, std::string_view unk_token) {
  const std::int32_t unknown = pieces.find(unk_token);
  if (unknown < 0) {
    return Error{ErrorKind::bad_input, "the vocabulary lacks the unknown token '" + std::string(unk_token) + "'"};
  }
  return PieceModelPointer(std::make_unique<WordLevel>(std::move(pieces), unknown));
}

}  // namespace attune
