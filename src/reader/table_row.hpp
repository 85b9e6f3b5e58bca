// Table rows that read by themselves: "Name: Ada; Born: 1815".
#pragma once

#include <span>
#include <string>

namespace attune::reader {

// `cells` with `headers` before them, where there are any. Empty cells are left out.
std::string self_describing_row(std::span<const std::string> headers, std::span<const std::string> cells);

}  // namespace attune::reader
