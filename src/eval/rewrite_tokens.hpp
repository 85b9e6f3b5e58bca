// What a rewrite is made of for its measures; include/attune/eval/rewriting.hpp states the rules.
//
// Private to the eval room. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune {

// True for a BCP 47 tag of a language that puts no spaces between words.
bool written_without_spaces(std::string_view language);

// Tokens for BLEU and for being the same: code points, or mteval-v13a's.
std::vector<std::string> bleu_tokens(std::string_view utf8, bool without_spaces);

// Words for ROUGE-L and for what was restored: code points, or runs of letters and digits.
std::vector<std::string> plain_words(std::string_view utf8, bool without_spaces);

}  // namespace attune
