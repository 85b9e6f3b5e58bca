#include "store/block_list.hpp"

#include <nlohmann/json.hpp>

namespace attune::store {

namespace {

using Json = nlohmann::json;

static_assert(static_cast<int>(BlockKind::heading) == 0 && static_cast<int>(BlockKind::paragraph) == 1 &&
                  static_cast<int>(BlockKind::list_item) == 2 && static_cast<int>(BlockKind::quote) == 3 &&
                  static_cast<int>(BlockKind::code) == 4 && static_cast<int>(BlockKind::table_row) == 5,
              "stored databases know the kinds by these numbers");
constexpr int kLastKind = 5;
constexpr std::size_t kBlockFields = 6;

bool is_block(const Json& row) {
  return row.is_array() && row.size() == kBlockFields &&
         std::all_of(row.begin(), row.end(), [](const Json& field) { return field.is_number_unsigned(); }) &&
         row[0].get<int>() <= kLastKind;
}

}  // namespace

std::string blocks_to_json(std::span<const Block> blocks) {
  Json list = Json::array();
  for (const Block& block : blocks) {
    list.push_back({static_cast<unsigned>(block.kind), block.span.start, block.span.size(),
                    static_cast<unsigned>(block.level), static_cast<unsigned>(block.page),
                    static_cast<unsigned>(block.line)});
  }
  return list.dump();
}

std::optional<std::vector<Block>> blocks_from_json(std::string_view json) {
  const Json list = Json::parse(json, nullptr, false);
  if (!list.is_array()) return std::nullopt;
  std::vector<Block> blocks;
  blocks.reserve(list.size());
  for (const Json& row : list) {
    if (!is_block(row)) return std::nullopt;
    const auto start = row[1].get<std::size_t>();
    blocks.push_back({.kind = static_cast<BlockKind>(row[0].get<int>()),
                      .span = {.start = start, .end = start + row[2].get<std::size_t>()},
                      .level = row[3].get<int>(),
                      .page = row[4].get<int>(),
                      .line = row[5].get<int>()});
  }
  return blocks;
}

std::string notes_to_json(std::span<const std::string> notes) {
  Json list = Json::array();
  for (const std::string& note : notes) list.push_back(note);
  return list.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::vector<std::string>> notes_from_json(std::string_view json) {
  const Json list = Json::parse(json, nullptr, false);
  if (!list.is_array()) return std::nullopt;
  std::vector<std::string> notes;
  for (const Json& note : list) {
    if (!note.is_string()) return std::nullopt;
    notes.push_back(note.get<std::string>());
  }
  return notes;
}

}  // namespace attune::store
