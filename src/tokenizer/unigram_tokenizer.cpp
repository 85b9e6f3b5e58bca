#include <algorithm>
#include <cmath>
#include <utility>

#include "attune/tokenizer.hpp"

#include "tokenizer/normalisation_map.hpp"
#include "tokenizer/piece_trie.hpp"
#include "tokenizer/unigram_lattice.hpp"
#include "tokenizer/unigram_words.hpp"

namespace attune {
namespace {

Error bad(std::string text) {
  return Error{ErrorKind::bad_input, "vocabulary: " + std::move(text)};
}

// Ascending from 0 without gaps, so that each row belongs to exactly one piece.
Status check_rows(const std::vector<std::int32_t>& rows, std::vector<std::int32_t>& full_ids) {
  for (std::size_t id = 0; id < rows.size(); ++id) {
    if (rows[id] < 0) continue;
    if (rows[id] != static_cast<std::int32_t>(full_ids.size())) return bad("rows do not ascend one by one");
    full_ids.push_back(static_cast<std::int32_t>(id));
  }
  return {};
}

// Where the source of characters [first, end) lies.
ByteSpan source_of(const NormalisedWord& word, std::size_t first, std::size_t end) {
  return {word.sources[first].start, word.sources[end - 1].end};
}

class UnigramTokenizerImpl final : public UnigramTokenizer {
 public:
  Status build(UnigramVocabulary vocabulary);

  Encoding encode(std::string_view text) const override {
    Encoding result;
    cut(text, rules_of_rows_, [&](std::int32_t full_id, ByteSpan span) {
      result.ids.push_back(row_of(full_id));
      result.offsets.push_back(span);
    });
    return result;
  }

  std::size_t count(std::string_view text) const override {
    std::size_t pieces = 0;
    cut(text, rules_of_rows_, [&](std::int32_t, ByteSpan) { ++pieces; });
    return pieces;
  }

  Encoding segment(std::string_view text) const override {
    Encoding result;
    cut(text, LatticeRules{}, [&](std::int32_t full_id, ByteSpan span) {
      result.ids.push_back(full_id);
      result.offsets.push_back(span);
    });
    return result;
  }

  std::string_view piece(std::int32_t id) const override { return full_piece(full_ids_[static_cast<std::size_t>(id)]); }
  std::int32_t vocabulary_size() const override { return static_cast<std::int32_t>(full_ids_.size()); }
  std::string_view full_piece(std::int32_t full_id) const override {
    return pieces_[static_cast<std::size_t>(full_id)];
  }
  std::int32_t row_of(std::int32_t full_id) const override {
    return vocabulary_.rows[static_cast<std::size_t>(full_id)];
  }
  std::int32_t full_vocabulary_size() const override { return static_cast<std::int32_t>(pieces_.size()); }

 private:
  Status read_pieces();
  Status build_trie();

  // Calls emit(full id, span) for each piece in order. Pieces without a row are cut again by `respelling`, where that
  // has rules.
  template <typename Emit>
  void cut(std::string_view text, const LatticeRules& respelling, Emit emit) const {
    WordReader reader(text, map_);
    NormalisedWord word;
    UnigramLattice whole;
    UnigramLattice again;
    while (reader.next(word)) {
      for (const LatticePiece& piece : whole.cut(word, 0, word.characters(), rules_)) {
        if (respelling.trie == nullptr || row_of(piece.id) >= 0) {
          emit(piece.id, source_of(word, piece.first, piece.end));
          continue;
        }
        for (const LatticePiece& part : again.cut(word, piece.first, piece.end, respelling)) {
          emit(part.id, source_of(word, part.first, part.end));
        }
      }
    }
  }

  UnigramVocabulary vocabulary_;
  NormalisationMap map_;
  std::vector<std::string_view> pieces_;  // [pieces] into vocabulary_.piece_bytes
  std::vector<std::int32_t> full_ids_;    // [rows]
  std::vector<double> scores_;            // [pieces]
  PieceTrie trie_;
  LatticeRules rules_;          // every piece
  LatticeRules rules_of_rows_;  // only pieces with a row
};

Status UnigramTokenizerImpl::read_pieces() {
  std::size_t start = 0;
  for (const std::uint8_t size : vocabulary_.piece_sizes) {
    if (size == 0) return bad("piece " + std::to_string(pieces_.size()) + " is empty");
    if (size > vocabulary_.piece_bytes.size() - start) return bad("the pieces' bytes end too early");
    pieces_.push_back(std::string_view(vocabulary_.piece_bytes).substr(start, size));
    if (pieces_.back().find(kWordMark, 1) != std::string_view::npos) {
      return bad("piece " + std::to_string(pieces_.size() - 1) + " has a word mark inside");
    }
    start += size;
  }
  if (start != vocabulary_.piece_bytes.size()) return bad("bytes are left over after the last piece");
  return {};
}

Status UnigramTokenizerImpl::build_trie() {
  std::vector<bool> is_control(pieces_.size(), false);
  for (const std::int32_t id : vocabulary_.control_ids) {
    if (id < 0 || static_cast<std::size_t>(id) >= pieces_.size()) return bad("a control id is out of range");
    is_control[static_cast<std::size_t>(id)] = true;
  }
  is_control[static_cast<std::size_t>(vocabulary_.unknown_id)] = true;
  std::vector<PieceTrie::Key> keys;
  keys.reserve(pieces_.size());
  for (std::size_t id = 0; id < pieces_.size(); ++id) {
    if (!is_control[id]) keys.push_back({pieces_[id], static_cast<std::int32_t>(id)});
  }
  std::int32_t repeated = -1;
  trie_ = PieceTrie(keys, repeated);
  if (repeated >= 0) return bad("piece " + std::to_string(repeated) + " is there twice");
  return {};
}

Status UnigramTokenizerImpl::build(UnigramVocabulary vocabulary) {
  vocabulary_ = std::move(vocabulary);
  const std::size_t pieces = vocabulary_.piece_sizes.size();
  if (pieces == 0 || pieces > 0x7FFFFFFF) return bad("no pieces");
  if (vocabulary_.scores.size() != pieces) return bad("there is not one score for each piece");
  if (vocabulary_.rows.size() != pieces) return bad("there is not one row for each piece");
  const auto is_finite = [](float score) { return std::isfinite(score); };
  if (!std::all_of(vocabulary_.scores.begin(), vocabulary_.scores.end(), is_finite)) {
    return bad("a score is not finite");
  }
  const std::int32_t unknown = vocabulary_.unknown_id;
  if (unknown < 0 || static_cast<std::size_t>(unknown) >= pieces) return bad("the unknown id is out of range");
  if (vocabulary_.rows[static_cast<std::size_t>(unknown)] < 0) return bad("the unknown id has no row");
  if (const Status status = check_rows(vocabulary_.rows, full_ids_); !status) return status;
  if (const Status status = read_pieces(); !status) return status;
  if (const Status status = build_trie(); !status) return status;
  auto map = NormalisationMap::create(vocabulary_.map_from, vocabulary_.map_counts, vocabulary_.map_to);
  if (!map) return map.error().while_doing("vocabulary");
  map_ = std::move(map).value();

  const float least = *std::min_element(vocabulary_.scores.begin(), vocabulary_.scores.end());
  scores_.assign(vocabulary_.scores.begin(), vocabulary_.scores.end());
  vocabulary_.scores = {};
  rules_ = {&trie_, scores_, {}, unknown, static_cast<double>(least) - kUnknownPenalty};
  rules_of_rows_ = rules_;
  rules_of_rows_.rows = vocabulary_.rows;
  return {};
}

}  // namespace

Result<std::unique_ptr<UnigramTokenizer>> UnigramTokenizer::create(UnigramVocabulary vocabulary) {
  auto tokenizer = std::make_unique<UnigramTokenizerImpl>();
  if (const Status status = tokenizer->build(std::move(vocabulary)); !status) return status.error();
  return std::unique_ptr<UnigramTokenizer>(std::move(tokenizer));
}

}  // namespace attune
