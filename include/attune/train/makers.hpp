// Makers: groups out of whatever text is at hand, where nobody wrote down questions with their answers.
//
// Before mining, which adds the negatives: a maker states positives only, or nothing. One file each in src/train/, one
// line each in the table in src/train/makers.cpp. Thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/store.hpp"
#include "attune/train/groups.hpp"

namespace attune::train {

struct Maker {
  std::string_view name;     // as a recipe says it: "pairs"
  std::string_view summary;  // one sentence
  // The same file and seed always give the same groups. Fails as read_groups does.
  Result<GroupSet> (*make)(const std::filesystem::path& file, std::uint64_t seed) = nullptr;
};

std::span<const Maker> makers();
// nullptr if there is none of that name.
const Maker* find_maker(std::string_view name);

// From a person's own database, as the maker "index" does: title → first passage, heading → passage under it, "what is
// X" → the passage that defines X, and a sentence → the passage it was taken out of. Passages are the chunks. Fails as
// the store does, or with bad_input when it holds too little text to learn from (fewer than 2 passages).
Result<GroupSet> groups_from_store(const Store& store, std::uint64_t seed);

// The passages of a file, to search among: of a JSON file [{"title", "text"}] the paragraphs, "title. text" each; of
// JSON lines what read_groups reads. Either may be gzipped. Fails with not_found, io, corrupt, bad_input.
Result<std::vector<std::string>> read_passages(const std::filesystem::path& file);

}  // namespace attune::train
