// Teachers' verdicts as a file beside a recipe, so that training needs neither their weights nor their time.
//
// Gzipped JSON lines: {"attune_teacher_scores": 1, "sets": S}, then for each set {"source", "passages", "sha256",
// "groups": G} and G lines {"id", "low", "places": [first, then differences], "tenths": [score − low in tenths]}.
// Places are a set's own, so a set is known by the digest of its passages.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/train/groups.hpp"

#include "train/reranker_loss.hpp"

namespace attune::train {

// The name that kept verdicts have among GroupSet::teachers.
inline constexpr const char* kKeptTeacher = "kept";

// Writes the ensemble's verdicts on all groups, rounded to a tenth. Groups that no teacher judged are left out. Fails
// with io.
Status keep_scores(const std::filesystem::path& file, std::span<const GroupSet> sets,
                   std::span<const Teacher> teachers);

// Adds them to the sets as teacher "kept": NaN where a passage was not judged. A set that the file does not know stays
// without. Fails with not_found, corrupt, unsupported, and with conflict if a set of that name had other passages.
Status take_scores(const std::filesystem::path& file, std::span<GroupSet> sets);

}  // namespace attune::train
