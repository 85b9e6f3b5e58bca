// When two passages say the same: texts as they are compared, without case, white space and punctuation.
#pragma once

#include <string>
#include <string_view>

namespace attune::train {

// Letters and digits alone, ASCII in lower case. Not for reading: only for telling whether one text holds another.
std::string plain_text(std::string_view utf8);

}  // namespace attune::train
