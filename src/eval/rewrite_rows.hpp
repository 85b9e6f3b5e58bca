// What the readers of rows and of predictions share.
//
// Private to the eval room.
#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

#include "attune/core/result.hpp"

namespace attune {

// The string at `name`. Fails with bad_input if it is absent or no string, with too_large past `max_bytes`.
Result<std::string> bounded_text(const nlohmann::json& object, const char* name, std::size_t max_bytes);

inline constexpr std::size_t kMaxRowIdBytes = 1'024;

// The id of a row: as above, and not empty.
Result<std::string> row_id(const nlohmann::json& object);

}  // namespace attune
