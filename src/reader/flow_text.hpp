// FlowText: gathers running text from pieces, with white space as a reader of the page sees it: runs become one space,
// and a line end between Han or Kana characters becomes nothing, because no space stood there before the line was
// wrapped.
#pragma once

#include <string>
#include <string_view>

namespace attune::reader {

class FlowText {
 public:
  void add(std::string_view piece);
  // A line end that the author meant.
  void line_break();
  // A space, if something stands before and after it.
  void space() { gap_ = gap_ == Gap::none ? Gap::space : gap_; }

  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] const std::string& text() const { return text_; }
  // The text so far; empty afterwards.
  std::string take();

 private:
  enum class Gap { none, wrap, space, line };
  void close_gap(std::string_view next);

  std::string text_;
  Gap gap_ = Gap::none;
};

// `text` as one flow.
std::string as_flow(std::string_view text);

// A paragraph of a text file without the line ends that only keep its lines short: those where the next word would not
// have fitted. Verses, addresses and lists keep their lines. Sentences are then no longer cut at every line.
std::string unwrapped(std::string_view paragraph);

}  // namespace attune::reader
