// Breaks: ICU's break iterators, opened once for each thread because opening one reads rules and dictionaries.
//
// Private to the text room.
#pragma once

#include <string>
#include <string_view>

#include <unicode/brkiter.h>

namespace attune::text {

// Where words end, with ICU's dictionaries. This thread's own; nullptr if ICU has no data.
icu::BreakIterator* word_breaks();

// Where graphemes end.
icu::BreakIterator* grapheme_breaks();

// Where sentences end in `language` (BCP 47 primary tag, "" for any), abbreviations such as "Mr." considered where ICU
// lists them.
icu::BreakIterator* sentence_breaks(std::string_view language);

}  // namespace attune::text
