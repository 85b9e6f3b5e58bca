// Edits become text.
#include "attune/rewrite/edits.hpp"
#include "attune/text.hpp"

namespace attune {
namespace {

// Puts spans side by side, with a space where the language writes one.
class Writer {
 public:
  // Bytes of a text, with what stands between its units; `touches` the span before as it did there.
  ByteSpan put(std::string_view words, bool touches) {
    if (!touches && !text_.empty() && !last_.empty() && text::space_between(last_, words)) text_ += ' ';
    const std::size_t begin = text_.size();
    text_ += words;
    last_ = words;
    return {begin, text_.size()};
  }
  std::string& text() { return text_; }

 private:
  std::string text_;
  std::string last_;
};

}  // namespace

EditedText apply_edits(const Conversation& conversation, const EditReading& reading, const Edits& edits,
                       std::span<const std::string> glue) {
  if (edits.empty()) return {conversation.question, {}};
  EditedText out;
  Writer writer;
  const std::string_view question = conversation.question;
  auto insertion = edits.insertions.begin();
  bool follows = false;  // the unit before was kept and nothing came between
  for (std::size_t slot = 0; slot <= reading.units.size(); ++slot) {
    if (insertion != edits.insertions.end() && insertion->slot == slot) {
      if (!glue[insertion->before].empty()) writer.put(glue[insertion->before], false);
      const EditReading::Source& first = reading.sources[insertion->first];
      const EditReading::Source& last = reading.sources[insertion->last];
      const ByteSpan span{first.span.start, last.span.end};
      const std::string_view turn = conversation.history[first.turn];
      out.copied.push_back({.output = writer.put(span.of(turn), false), .turn = first.turn, .source = span});
      if (!glue[insertion->after].empty()) writer.put(glue[insertion->after], false);
      ++insertion;
      follows = false;
    }
    if (slot == reading.units.size()) break;
    if (edits.remove[slot]) {
      follows = false;
      continue;
    }
    // With the space that stood before it, where its neighbour stayed.
    const ByteSpan unit = reading.units[slot];
    const std::size_t start = follows ? reading.units[slot - 1].end : unit.start;
    writer.put(question.substr(start, unit.end - start), follows);
    follows = true;
  }
  out.text = std::move(writer.text());
  return out;
}

}  // namespace attune
