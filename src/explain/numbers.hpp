// Numbers as people and programs read them.
#pragma once

#include <span>
#include <string>

namespace attune::explain {

// Four digits behind the point, and never "-0.0000".
std::string fixed(float value, int digits = 4);

// "[0.1234 -0.5000 0.0000 …]": the first `count`, with "…" if there are more.
std::string first_numbers(std::span<const float> values, std::size_t count);

// The shortest decimal that reads back as the same float, as a double: 0.1F becomes 0.1 and not 0.10000000149011612.
double shortest(float value);

}  // namespace attune::explain
