// Does every token have a row in the word table?
#pragma once

#include <cstddef>

#include "attune/core/result.hpp"

#include "model/read_model.hpp"

namespace attune {

// Reads ids out of tokenizer.json (its vocabulary and its added tokens) or counts the lines of vocab.txt. Fails with
// corrupt, naming the first token whose id has no row, or saying what is wrong with the file. A Unigram vocabulary of
// our own file is held against its rows when it is read.
Status check_token_rows(const TokenizerSource& tokenizer, std::size_t rows);

}  // namespace attune
