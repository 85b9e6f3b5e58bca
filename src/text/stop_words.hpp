// Stop words: the words of a question that say nothing about its answer.
//
// Private to the text room. Only questions lose them; passages keep every word.
#pragma once

#include <string_view>

namespace attune::text {

// True for a folded, unstemmed function or question word of `language` (BCP 47 primary tag). "zh" expects simplified
// characters. Languages without a list have none.
bool is_stop_word(std::string_view folded, std::string_view language);

}  // namespace attune::text
