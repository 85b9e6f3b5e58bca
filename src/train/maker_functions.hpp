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
Result<GroupSet> make_to_chinese(const std::filesystem::path& file, std::uint64_t seed);
Result<GroupSet> make_to_english(const std::filesystem::path& file, std::uint64_t seed);
Result<GroupSet> make_questions(const std::filesystem::path& file, std::uint64_t seed);
Result<GroupSet> make_index_pairs(const std::filesystem::path& file, std::uint64_t seed);

// A sentence taken out of a passage, and what is left.
struct Cloze {
  std::string sentence;
  std::string rest;
};
// Inverse cloze: any sentence of the passage that is long enough to ask with (about six words) and shares two terms or
// more with what else is there (the rest of the passage and its `title`), because "It was built in 1901." asks for
// nothing in particular. Nine times in ten it is taken out of the rest. Nothing if too little would be left.
struct ClozeSource {
  std::string_view title;
  std::string_view passage;
  std::string_view language;
};
std::optional<Cloze> cloze_of(const ClozeSource& source, Randomness& chance);

}  // namespace attune::train
