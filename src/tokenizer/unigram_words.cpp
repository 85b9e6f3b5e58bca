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

void WordReader::take_space() {
  spaces_ = any_space_ ? ByteSpan{spaces_.start, source_.end} : source_;
  any_space_ = true;
}

bool WordReader::next(NormalisedWord& word) {
  word.bytes.clear();
  word.starts.clear();
  word.sources.clear();
  for (;;) {
    if (!next_character()) return false;
    if (character_ != ' ') break;
    take_space();
  }
  const auto add = [&](ByteSpan source) {
    word.starts.push_back(static_cast<std::uint32_t>(word.bytes.size()));
    word.sources.push_back(source);
  };
  add(any_space_ ? spaces_ : ByteSpan{source_.start, source_.start});
  any_space_ = false;
  word.bytes += kWordMark;
  do {
    if (character_ == ' ') {
      take_space();
      break;
    }
    add(source_);
    append_utf8(character_, word.bytes);
  } while (next_character());
  word.starts.push_back(static_cast<std::uint32_t>(word.bytes.size()));
  return true;
}

}  // namespace attune
