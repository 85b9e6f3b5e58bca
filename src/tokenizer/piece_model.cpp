#include "tokenizer/piece_model.hpp"

#include <algorithm>

namespace attune {
namespace {

constexpr std::size_t kMostPieceBytes = 4096;
constexpr std::int32_t kMostIds = 8'000'000;

Error bad(std::string text) {
  return Error{ErrorKind::bad_input, std::move(text)};
}

}  // namespace

Result<PieceTable> PieceTable::create(std::vector<Entry> entries) {
  PieceTable table;
  std::int32_t greatest = -1;
  for (const Entry& entry : entries) {
    if (entry.id < 0 || entry.id >= kMostIds) {
      return bad("the id " + std::to_string(entry.id) + " of the piece '" + entry.bytes + "' is out of range");
    }
    if (entry.bytes.size() > kMostPieceBytes) {
      return bad("the piece with id " + std::to_string(entry.id) + " is longer than " +
                 std::to_string(kMostPieceBytes) + " bytes");
    }
    greatest = std::max(greatest, entry.id);
  }
  // A few gaps are usual, a table that is nearly all gap is not.
  if (greatest >= 0 && static_cast<std::size_t>(greatest) > entries.size() * 16 + 100'000) {
    return bad("the id " + std::to_string(greatest) + " is out of range for " + std::to_string(entries.size()) +
               " pieces");
  }
  const auto size = static_cast<std::size_t>(greatest + 1);
  table.pieces_.resize(size);
  std::vector<bool> is_taken(size, false);
  for (Entry& entry : entries) {
    const auto id = static_cast<std::size_t>(entry.id);
    if (is_taken[id]) {
      return bad("the id " + std::to_string(id) + " belongs to '" + table.pieces_[id] + "' and to '" + entry.bytes +
                 "'");
    }
    is_taken[id] = true;
    table.pieces_[id] = std::move(entry.bytes);
  }
  std::vector<PieceTrie::Key> keys;
  keys.reserve(size);
  for (std::size_t id = 0; id < size; ++id) {
    if (!table.pieces_[id].empty()) keys.push_back({table.pieces_[id], static_cast<std::int32_t>(id)});
  }
  std::int32_t repeated = -1;
  table.trie_ = PieceTrie(keys, repeated);
  if (repeated >= 0) return bad("the piece '" + std::string(table.piece(repeated)) + "' is there twice");
  return table;
}

std::int32_t PieceTable::find(std::string_view bytes) const {
  if (bytes.empty()) return -1;
  std::uint32_t node = PieceTrie::kRoot;
  for (const char byte : bytes) {
    node = trie_.step(node, static_cast<unsigned char>(byte));
    if (node == PieceTrie::kNone) return -1;
  }
  return trie_.piece_at(node);
}

std::array<std::int32_t, 256> byte_pieces(const PieceTable& pieces) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::array<std::int32_t, 256> ids{};
  for (std::size_t byte = 0; byte < ids.size(); ++byte) {
    const std::string name = {'<', '0', 'x', kDigits[byte / 16], kDigits[byte % 16], '>'};
    ids[byte] = pieces.find(name);
  }
  return ids;
}

}  // namespace attune
