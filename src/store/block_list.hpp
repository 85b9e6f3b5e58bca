// Blocks and notes of a document as compact JSON, the form in which they are stored.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/data/document.hpp"

namespace attune::store {

// [[kind, start, length, level, page, line], …]; kinds by the numbers of BlockKind, which are part of the format.
std::string blocks_to_json(std::span<const Block> blocks);
// nullopt if this is no such list.
std::optional<std::vector<Block>> blocks_from_json(std::string_view json);

std::string notes_to_json(std::span<const std::string> notes);
std::optional<std::vector<std::string>> notes_from_json(std::string_view json);

}  // namespace attune::store
