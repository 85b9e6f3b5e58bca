// Byte pair encoding: neighbouring pieces are merged, always the pair that stands first in the list of merges, and of
// equal ones the leftmost. A heap of candidates keeps this at n log n for a word of n characters.
#include <algorithm>
#include <optional>
#include <queue>

#include "tokenizer/piece_model.hpp"

namespace attune {
namespace {

struct Merged {
  std::uint64_t pair = 0;  // left id, right id
  std::uint32_t rank = 0;
  std::int32_t id = 0;
};

std::uint64_t pair_of(std::int32_t left, std::int32_t right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U) | static_cast<std::uint32_t>(right);
}

struct Symbol {
  std::int32_t id = 0;
  std::int64_t previous = -1;
  std::int64_t next = -1;
  std::uint32_t bytes = 0;  // 0: merged into the one before
};

struct Candidate {
  std::uint32_t rank = 0;
  std::int64_t place = 0;  // of the left symbol
  std::int32_t id = 0;
  bool operator<(const Candidate& other) const {  // the greatest is the next one
    return rank != other.rank ? rank > other.rank : place > other.place;
  }
};

class Bpe final : public PieceModel {
 public:
  Status build(PieceTable pieces, const BpeRules& rules);
  void cut(const SpelledWord& word, std::vector<Cut>& cuts) const override;
  const PieceTable& pieces() const override { return pieces_; }

 private:
  Status add_merge(const BpeRules::Merge& merge, std::uint32_t rank);
  [[nodiscard]] const Merged* find_merge(std::int32_t left, std::int32_t right) const;
  [[nodiscard]] std::vector<Symbol> spell(const SpelledWord& word) const;
  [[nodiscard]] bool spell_as_bytes(std::string_view text, std::vector<Symbol>& symbols) const;
  void merge_all(std::vector<Symbol>& symbols) const;

  PieceTable pieces_;
  std::vector<Merged> merges_;  // by pair
  std::optional<std::int32_t> unknown_;
  std::string prefix_;
  std::string suffix_;
  bool fuse_unknown_ = false;
  bool byte_fallback_ = false;
  bool ignore_merges_ = false;
  std::array<std::int32_t, 256> byte_ids_{};
};

Status Bpe::add_merge(const BpeRules::Merge& merge, std::uint32_t rank) {
  const auto bad = [&](const std::string& piece) {
    return Error{ErrorKind::bad_input, "merge " + std::to_string(rank) + " ('" + merge.left + "' and '" + merge.right +
                                           "') needs the piece '" + piece + "', which the vocabulary lacks"};
  };
  const std::int32_t left = pieces_.find(merge.left);
  if (left < 0) return bad(merge.left);
  const std::int32_t right = pieces_.find(merge.right);
  if (right < 0) return bad(merge.right);
  if (merge.right.size() < prefix_.size()) return bad(prefix_ + merge.right);
  const std::string whole = merge.left + merge.right.substr(prefix_.size());
  const std::int32_t id = pieces_.find(whole);
  if (id < 0) return bad(whole);
  merges_.push_back({pair_of(left, right), rank, id});
  return {};
}

Status Bpe::build(PieceTable pieces, const BpeRules& rules) {
  pieces_ = std::move(pieces);
  prefix_ = rules.continuing_subword_prefix;
  suffix_ = rules.end_of_word_suffix;
  fuse_unknown_ = rules.fuse_unk;
  byte_fallback_ = rules.byte_fallback;
  ignore_merges_ = rules.ignore_merges;
  byte_ids_ = byte_pieces(pieces_);
  if (!rules.unk_token.empty()) {
    unknown_ = pieces_.find(rules.unk_token);
    if (*unknown_ < 0) {
      return Error{ErrorKind::bad_input, "the vocabulary lacks the unknown token '" + rules.unk_token + "'"};
    }
  }
  merges_.reserve(rules.merges.size());
  for (std::uint32_t rank = 0; rank < rules.merges.size(); ++rank) {
    if (const Status status = add_merge(rules.merges[rank], rank); !status) return status;
  }
  // Of a repeated pair the last one counts, as in the reference.
  std::sort(merges_.begin(), merges_.end(), [](const Merged& left, const Merged& right) {
    return left.pair != right.pair ? left.pair < right.pair : left.rank > right.rank;
  });
  const auto is_same_pair = [](const Merged& left, const Merged& right) { return left.pair == right.pair; };
  merges_.erase(std::unique(merges_.begin(), merges_.end(), is_same_pair), merges_.end());
  return {};
}

const Merged* Bpe::find_merge(std::int32_t left, std::int32_t right) const {
  const std::uint64_t pair = pair_of(left, right);
  const auto found = std::lower_bound(merges_.begin(), merges_.end(), pair,
                                      [](const Merged& merge, std::uint64_t wanted) { return merge.pair < wanted; });
  return found != merges_.end() && found->pair == pair ? &*found : nullptr;
}

bool Bpe::spell_as_bytes(std::string_view text, std::vector<Symbol>& symbols) const {
  if (!byte_fallback_) return false;
  const auto id_of = [&](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; };
  if (std::any_of(text.begin(), text.end(), [&](char byte) { return id_of(byte) < 0; })) return false;
  for (const char byte : text) symbols.push_back({id_of(byte), -1, -1, 1});
  return true;
}

std::vector<Symbol> Bpe::spell(const SpelledWord& word) const {
  std::vector<Symbol> symbols;
  symbols.reserve(word.characters());
  std::uint32_t unknown_bytes = 0;  // of unknown characters that are not written yet
  const auto write_unknown = [&] {
    if (unknown_bytes > 0) symbols.push_back({*unknown_, -1, -1, unknown_bytes});
    unknown_bytes = 0;
  };
  std::string spelled;
  for (std::size_t index = 0; index < word.characters(); ++index) {
    const std::uint32_t bytes = word.starts[index + 1] - word.starts[index];
    spelled.assign(index > 0 ? prefix_ : std::string());
    spelled.append(word.bytes, word.starts[index], bytes);
    if (index + 1 == word.characters()) spelled += suffix_;
    const std::int32_t id = pieces_.find(spelled);
    if (id >= 0) {
      write_unknown();
      symbols.push_back({id, -1, -1, bytes});
    } else if (!spell_as_bytes(spelled, symbols) && unknown_) {
      if (!fuse_unknown_) write_unknown();
      unknown_bytes += bytes;
    }
  }
  write_unknown();
  for (std::size_t index = 0; index < symbols.size(); ++index) {
    symbols[index].previous = static_cast<std::int64_t>(index) - 1;
    symbols[index].next = index + 1 < symbols.size() ? static_cast<std::int64_t>(index) + 1 : -1;
  }
  return symbols;
}

void Bpe::merge_all(std::vector<Symbol>& symbols) const {
  const auto at = [&](std::int64_t place) -> Symbol& { return symbols[static_cast<std::size_t>(place)]; };
  std::vector<Candidate> first;
  for (std::size_t index = 1; index < symbols.size(); ++index) {
    const Merged* const merge = find_merge(symbols[index - 1].id, symbols[index].id);
    if (merge != nullptr) first.push_back({merge->rank, static_cast<std::int64_t>(index) - 1, merge->id});
  }
  std::priority_queue<Candidate> candidates({}, std::move(first));
  const auto offer = [&](std::int64_t left) {
    const Merged* const merge = find_merge(at(left).id, at(at(left).next).id);
    if (merge != nullptr) candidates.push({merge->rank, left, merge->id});
  };
  while (!candidates.empty()) {
    const Candidate top = candidates.top();
    candidates.pop();
    Symbol& left = at(top.place);
    if (left.bytes == 0 || left.next < 0) continue;
    Symbol& right = at(left.next);
    // Since the candidate was made, either side may have become something else.
    const Merged* const merge = find_merge(left.id, right.id);
    if (merge == nullptr || merge->id != top.id) continue;
    left.id = top.id;
    left.bytes += right.bytes;
    right.bytes = 0;
    left.next = right.next;
    if (left.next >= 0) at(left.next).previous = top.place;
    if (left.previous >= 0) offer(left.previous);
    if (left.next >= 0) offer(top.place);
  }
}

void Bpe::cut(const SpelledWord& word, std::vector<Cut>& cuts) const {
  if (ignore_merges_) {
    if (const std::int32_t whole = pieces_.find(word.bytes); whole >= 0) {
      cuts.push_back({whole, 0, static_cast<std::uint32_t>(word.bytes.size())});
      return;
    }
  }
  std::vector<Symbol> symbols = spell(word);
  merge_all(symbols);
  std::uint32_t begin = 0;
  for (const Symbol& symbol : symbols) {
    if (symbol.bytes == 0) continue;
    cuts.push_back({symbol.id, begin, begin + symbol.bytes});
    begin += symbol.bytes;
  }
}

}  // namespace

Result<PieceModelPointer> make_bpe(PieceTable pieces, const BpeRules& rules) {
  auto model = std::make_unique<Bpe>();
  if (const Status status = model->build(std::move(pieces), rules); !status) return status.error();
  return PieceModelPointer(std::move(model));
}

}  // namespace attune
