#include "tokenizer/unigram_words.hpp"

namespace attune {

// Moves character_ and source_ to the next normalised character; false at the end of the text.
bool WordReader::next_character() {
  while (pending_.empty()) {
    if (offset_ >= text_.size()) return false;
    const CodePoint read = decode_utf8(text_.substr(offset_));
    source_ = {offset_, offset_ + read.bytes};
    offset_ = source_.end;
    code_point_ = read.value;
    pending_ = map_.apply(code_point_);
  }
  character_ = pending_.front();
  pending_ = pending_.subspan(1);
  return true;
}

bool WordReader::next(NormalisedWord& word) {
  word.bytes.clear();
  word.starts.clear();
  word.sources.clear();
  do {
    if (!next_character()) return false;
  } while (character_ == ' ');
  const auto add = [&] {
    word.starts.push_back(static_cast<std::uint32_t>(word.bytes.size()));
    word.sources.push_back(source_);
  };
  add();  // the mark stands for the bytes of the character behind it, as everything that is put in front does
  word.bytes += kWordMark;
  do {
    if (character_ == ' ') break;
    add();
    append_utf8(character_, word.bytes);
  } while (next_character());
  word.starts.push_back(static_cast<std::uint32_t>(word.bytes.size()));
  return true;
}

}  // namespace attune
