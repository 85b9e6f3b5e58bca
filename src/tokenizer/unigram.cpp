// Unigram as tokenizer files have it: every piece may be used, scores are doubles, and a word without pieces may fall
// into bytes.
#include <algorithm>
#include <cmath>

#include "tokenizer/piece_model.hpp"
#include "tokenizer/unigram_lattice.hpp"

namespace attune {
namespace {

class Unigram final : public PieceModel {
 public:
  Status build(PieceTable pieces, UnigramRules rules);
  void cut(const SpelledWord& word, std::vector<Cut>& cuts) const override;
  const PieceTable& pieces() const override { return pieces_; }

 private:
  void cut_unknown(std::string_view text, Cut cut, std::vector<Cut>& cuts) const;

  PieceTable pieces_;
  std::vector<double> scores_;
  LatticeRules lattice_;
  bool byte_fallback_ = false;
  std::array<std::int32_t, 256> byte_ids_{};
};

Status Unigram::build(PieceTable pieces, UnigramRules rules) {
  pieces_ = std::move(pieces);
  scores_ = std::move(rules.scores);
  if (rules.unk_id < 0 || rules.unk_id >= pieces_.size()) {
    return Error{ErrorKind::bad_input, "unk_id " + std::to_string(rules.unk_id) + " is out of range for " +
                                           std::to_string(pieces_.size()) + " pieces"};
  }
  const auto is_finite = [](double score) { return std::isfinite(score); };
  if (!std::all_of(scores_.begin(), scores_.end(), is_finite)) {
    return Error{ErrorKind::bad_input, "a score is not finite"};
  }
  byte_fallback_ = rules.byte_fallback;
  byte_ids_ = byte_pieces(pieces_);
  const double least = *std::min_element(scores_.begin(), scores_.end());
  lattice_ = {&pieces_.trie(), scores_, {}, rules.unk_id, least - kUnknownPenalty};
  return {};
}

// An unknown stretch may, put together from single characters, spell a piece after all.
void Unigram::cut_unknown(std::string_view text, Cut cut, std::vector<Cut>& cuts) const {
  const std::int32_t whole = pieces_.find(text);
  const auto id_of = [&](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; };
  const bool as_bytes =
      whole < 0 && byte_fallback_ && std::none_of(text.begin(), text.end(), [&](char byte) { return id_of(byte) < 0; });
  if (!as_bytes) {
    cuts.push_back({whole < 0 ? cut.id : whole, cut.begin, cut.end});
    return;
  }
  for (const char byte : text) cuts.push_back({id_of(byte), cut.begin, cut.end});
}

void Unigram::cut(const SpelledWord& word, std::vector<Cut>& cuts) const {
  UnigramLattice lattice;
  for (const LatticePiece& piece : lattice.cut(word, 0, word.characters(), lattice_)) {
    const Cut cut{piece.id, word.starts[piece.first], word.starts[piece.end]};
    if (piece.id == lattice_.unknown_id) {
      cut_unknown(std::string_view(word.bytes).substr(cut.begin, cut.end - cut.begin), cut, cuts);
    } else {
      cuts.push_back(cut);
    }
  }
}

}  // namespace

Result<PieceModelPointer> make_unigram(PieceTable pieces, UnigramRules rules) {
  auto model = std::make_unique<Unigram>();
  if (const Status status = model->build(std::move(pieces), std::move(rules)); !status) return status.error();
  return PieceModelPointer(std::move(model));
}

}  // namespace attune
