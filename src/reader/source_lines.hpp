// SourceLines: walks over the lines of a text, knowing each one's number and place.
#pragma once

#include <string_view>

#include "attune/data/document.hpp"
#include "attune/text.hpp"

namespace attune::reader {

class SourceLines {
 public:
  explicit SourceLines(std::string_view text) : whole_(text) {}

  // Steps to the next line; false at the end.
  bool next() {
    if (next_ >= whole_.size()) return false;
    start_ = next_;
    const auto end = whole_.find('\n', start_);
    end_ = end == std::string_view::npos ? whole_.size() : end;
    next_ = end == std::string_view::npos ? whole_.size() : end + 1;
    ++number_;
    return true;
  }

  // The line at hand, without its line end.
  [[nodiscard]] std::string_view text() const { return whole_.substr(start_, end_ - start_); }
  // The line after it; empty at the end.
  [[nodiscard]] std::string_view following() const { return whole_.substr(next_, whole_.find('\n', next_) - next_); }
  [[nodiscard]] std::size_t start() const { return start_; }
  [[nodiscard]] std::size_t end() const { return end_; }
  [[nodiscard]] int number() const { return number_; }  // 1-based

 private:
  std::string_view whole_;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
  std::size_t next_ = 0;
  int number_ = 0;
};

// Says in the notes what decoding guessed or lost.
void note_decoding(const text::Decoded& decoded, ExtractedText& result);

}  // namespace attune::reader
