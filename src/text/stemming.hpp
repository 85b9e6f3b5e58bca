// Stemming: which words are the same word in another form, by Snowball.
//
// Private to the text room. Stemmers are kept for each thread.
#pragma once

#include <string>
#include <string_view>

namespace attune::text {

// The Snowball algorithm for words of the script of `first_letter` in a text of `language` (BCP 47 primary tag), ""
// for none. Latin words in a text of a language that is written otherwise, or is not known, are taken for English.
std::string_view stemming_algorithm(char32_t first_letter, std::string_view language);

// The stem of a folded word. `algorithm` is one that stemming_algorithm gave.
std::string stem(std::string_view folded, std::string_view algorithm);

}  // namespace attune::text
