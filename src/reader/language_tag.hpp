// Language tags as documents write them.
#pragma once

#include <string>
#include <string_view>

namespace attune::reader {

// The primary tag of a BCP 47 or locale name, in lower case: "zh-Hant-TW" → "zh", "en_US.UTF-8" → "en". "" when it is
// none.
std::string primary_language(std::string_view tag);

}  // namespace attune::reader
