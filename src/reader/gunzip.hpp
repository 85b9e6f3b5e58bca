// Gzip within bounds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "attune/core/result.hpp"

namespace attune::reader {

// The unpacked bytes. Fails with bad_input (damaged or cut off) or too_large.
Result<std::string> gunzip(std::string_view packed, std::uint64_t max_bytes);

}  // namespace attune::reader
