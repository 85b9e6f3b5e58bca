// Encoding detection: which encoding are these bytes most likely in?
//
// Private to the text room. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::text {

// For bytes with NULs: "UTF-16LE", "UTF-16BE", "UTF-32LE" or "UTF-32BE" if most of them make plausible text that way,
// else "".
std::string detect_wide_encoding(std::string_view bytes);

// For bytes without NULs that are not UTF-8: names that ICU's converters know, most likely first. Never empty.
std::vector<std::string> likely_encodings(std::string_view bytes);

}  // namespace attune::text
