// Chinese: traditional and simplified spellings of the same word, by OpenCC's dictionaries.
//
// Private to the text room. Thread-safe; the dictionaries are read once. Without their files nothing is converted.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "text/characters.hpp"

namespace attune::text {

// Replaces traditional characters by simplified ones, as many as before, so that every character keeps its bytes.
void simplify(FoldedText& ideographs);

// A stretch of text that mainland Chinese says with other words: 軟體 → 软件, 伺服器 → 服务器.
struct RegionalForm {
  std::size_t first = 0;  // index of its first character
  std::size_t count = 0;
  FoldedText mainland;  // every character carries the bytes of the whole stretch
};

// The longest Taiwanese words in the text, from left to right. To be asked before simplify().
std::vector<RegionalForm> regional_forms(const FoldedText& ideographs);

// False if the dictionaries could not be read.
bool has_chinese_dictionaries();

}  // namespace attune::text
