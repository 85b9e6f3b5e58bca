// One function for each line of the table in makers.cpp, each in a file of its own, and what they share.
#pragma once

#include <optional>

#include "attune/train/makers.hpp"

#include "train/group_builder.hpp"
#include "train/randomness.hpp"

namespace attune::train {

Result<GroupSet> make_pairs(const std::filesystem::path& file, std::uint64_t seed);
Result<GroupSet> make_title_pairs(const std::filesystem::path& file, std::uint64_t seed);
Result<GroupSet> make_cloze_pairs(const std::filesystem::path& file, std::uint64_t seed);
Result<GroupSet> make_translation_pairs(const std::filesystem::path& file, std::uint64_t seed);
Result<GroupSet> make_gloss_pairs(const std::filesystem::path& file, std::uint64_t seed);
Result<GroupSet> make_index_pairs(const std::filesystem::path& file, std::uint64_t seed);

// A sentence taken out of a passage, and what is left.
struct Cloze {
  std::string sentence;
  std::string rest;
};
// Inverse cloze: any sentence of the passage that is long enough to ask with (about six words), most often (nine times
// in ten) taken out of it. Nothing if too little would be left.
std::optional<Cloze> cloze_of(std::string_view passage, std::string_view language, Randomness& chance);

}  // namespace attune::train
