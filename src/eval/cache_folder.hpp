// Where collections built for evaluation are kept.
#pragma once

#include <filesystem>

#include "attune/core/result.hpp"
#include "attune/eval.hpp"

namespace attune {

// options.cache or its default, made if absent. Fails with io.
Result<std::filesystem::path> eval_cache_folder(const EvalOptions& options);

}  // namespace attune
