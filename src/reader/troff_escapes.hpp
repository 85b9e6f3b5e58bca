// Troff's escape sequences: "\-", "\fB", "\(bu", "\*(lq" and their like, as the characters that they stand for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::reader {

// `line` with every escape replaced; those that only change font, size or place vanish, and "\"" starts a comment.
std::string without_escapes(std::string_view line);

// A request's arguments: separated by spaces, unless quoted. Escapes are replaced.
std::vector<std::string> troff_arguments(std::string_view text);

}  // namespace attune::reader
