// Text: where characters, words and sentences end, in any language, and when two spellings mean the same word.
//
// Used by readers (decoding), chunking (sentences), the store (terms) and snippets. ICU, Snowball and OpenCC stay
// inside. All offsets are bytes into the UTF-8 that was passed in. Any bytes are legal input: what is not UTF-8 is
// treated as U+FFFD and never fails. All functions are thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/byte_span.hpp"
#include "attune/core/result.hpp"

namespace attune::text {

struct Decoded {
  std::string utf8;          // valid UTF-8, no BOM, "\n" line ends, no NUL
  std::string encoding;      // "UTF-8", "GB18030", "Shift_JIS", …
  std::size_t replaced = 0;  // malformed sequences that became U+FFFD
};

// Bytes of unknown encoding to UTF-8: byte-order mark, then valid UTF-8, then `declared` if it decodes, then ICU's
// detector. Fails with bad_input when the bytes are no text at all (NUL-ridden or mostly control characters).
Result<Decoded> decode(std::string_view bytes, std::string_view declared = "");

// True if `bytes` is well-formed UTF-8.
bool is_valid_utf8(std::string_view bytes);

// The same text with each malformed sequence replaced by U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

// Sentences in order, covering the text without the white space between them.
std::vector<ByteSpan> sentences(std::string_view utf8, std::string_view language = "");

// The largest grapheme boundary ≤ `offset` (0 … size).
std::size_t grapheme_boundary_at_or_before(std::string_view utf8, std::size_t offset);

// The BCP 47 primary tag of the main language ("en", "zh", "de", "ja", …), "" if there is too little to tell.
std::string detect_language(std::string_view utf8);

// Traditional Chinese to simplified, by words (OpenCC): 軟體 → 软件.
std::string to_simplified(std::string_view utf8);
// Simplified Chinese to traditional characters, by phrases (OpenCC): 头发发白 → 頭髮發白. Words stay the mainland's.
std::string to_traditional(std::string_view utf8);

enum class TermKind {
  word,    // a stemmed word, a number, a dotted version, a dictionary word of Han, Kana or Hangul
  bigram,  // two neighbouring characters of Han, Kana or Hangul that are no word; worth about half a word in a question
};

// One thing to look up: full-width, case and simplified/traditional folded, stemmed where the language is known.
struct Term {
  std::string text;  // never empty, no white space
  ByteSpan span;     // the words in the input that it stands for
  TermKind kind = TermKind::word;
};

// The terms to index for a passage, in order of their place. `language` (BCP 47 primary tag) chooses the stemmer of its
// script; words of another script take the stemmer of the language that is most often written in it. Latin words of a
// Chinese, Japanese, … or unknown ("") language are stemmed as English; nothing is guessed from the passage, because a
// question could not guess the same.
std::vector<Term> index_terms(std::string_view utf8, std::string_view language = "");

// The terms to search for. Like index_terms, but a Latin word gives the stems of each language in `languages` (the
// collection's; none means English), and function words of the question ("how do I", "如何", "的") are left out unless
// nothing else remains.
std::vector<Term> query_terms(std::string_view utf8, const std::vector<std::string>& languages = {});

// All in lower case by Unicode's full mapping, no language's own rules: "ΣΑΣ" → "σας". Valid UTF-8.
std::string lower_case(std::string_view utf8);

// The code points of a text; U+FFFD for what is not UTF-8.
std::u32string code_points(std::string_view utf8);

// How Chinese characters sound: a syllable of pinyin without its tone for each, separated by spaces ("配置" → "pei
// zhi").
// "" where a character is none.
std::string pinyin(std::string_view utf8);

// Runs of letters and digits of any script with the marks that go on with them, in order. For comparing texts with what
// other programs call words; to look something up, take the terms above.
std::vector<ByteSpan> word_runs(std::string_view utf8);

// The units that a rewrite is edited by, in order: a character of Han, Kana, Hangul, Thai, …, a run of other letters
// and digits (an apostrophe between letters begins another: "Ann" "'s"), or any other character but white space. Each
// with the marks that go on with it.
std::vector<ByteSpan> edit_units(std::string_view utf8);

// Whether a space is written between two units that were not neighbours before: not beside characters that are written
// without, not before closing punctuation and "'s", not behind opening brackets. Both must not be empty.
bool space_between(std::string_view before, std::string_view after);

// Names the versions of segmenter, stemmer and dictionaries. Postings made under another one must be rebuilt.
std::string segmenter_version();

}  // namespace attune::text
