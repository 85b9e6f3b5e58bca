#include "tokenizer/file_tokenizer.hpp"

#include <algorithm>
#include <utility>

#include "tokenizer/byte_level.hpp"
#include "tokenizer/normalisation_map.hpp"
#include "tokenizer/unicode_classes.hpp"

namespace attune {
namespace {

Error bad(std::string text) {
  return Error{ErrorKind::bad_input, std::move(text)};
}

// Moves spans inwards over the white space that the piece begins and ends with, one character of `text` for each.
class SpanTrimmer {
 public:
  SpanTrimmer(std::string_view text, const OffsetTrimming& rules) : text_(text), rules_(rules) {}

  // `value` is the piece as UTF-8.
  void trim(std::string_view value, bool is_first, ByteSpan& span) const {
    std::size_t leading = 0;
    std::size_t trailing = 0;
    bool has_text = false;
    for (std::size_t at = 0; at < value.size();) {
      const CodePoint read = decode_utf8(value.substr(at));
      const bool is_space = read.value == character_of_byte(' ') || is_white_space(read.value);
      has_text = has_text || !is_space;
      if (!has_text) ++leading;
      trailing = is_space ? trailing + 1 : 0;
      at += read.bytes;
    }
    if ((is_first || span.start == 0) && rules_.add_prefix_space && leading == 1) leading = 0;
    for (; leading > 0 && span.start < span.end; --leading) span.start += decode_utf8(text_.substr(span.start)).bytes;
    span.start = std::min(span.start, span.end);
    // The reference leaves the end alone when fewer characters stand before it.
    const std::size_t end = backwards(span.end, trailing);
    if (end != std::string_view::npos) span.end = std::max(end, span.start);
  }

 private:
  // `count` characters before `place`, npos if there are not so many.
  [[nodiscard]] std::size_t backwards(std::size_t place, std::size_t count) const {
    for (; count > 0; --count) {
      if (place == 0) return std::string_view::npos;
      // The character that ends here begins at most four bytes before.
      std::size_t begin = place - 1;
      for (std::size_t reach = 2; reach <= 4 && reach <= place; ++reach) {
        if (decode_utf8(text_.substr(place - reach)).bytes == reach) begin = place - reach;
      }
      place = begin;
    }
    return place;
  }

  std::string_view text_;
  OffsetTrimming rules_;
};

class FileTokenizer final : public Tokenizer {
 public:
  Status build(TokenizerParts parts);

  Encoding encode(std::string_view text) const override;
  std::string_view piece(std::int32_t id) const override { return pieces_[static_cast<std::size_t>(id)]; }
  std::int32_t vocabulary_size() const override { return static_cast<std::int32_t>(pieces_.size()); }
  const SequenceTemplate& sequence_template() const override { return parts_.sequence; }

 private:
  Status add_tokens();
  Status check_template(const std::vector<SequenceTemplate::Part>& sequence) const;
  void put(const PartedText& text, const PartedText::Part& part, Encoding& encoding, const SpanTrimmer* trimmer) const;

  TokenizerParts parts_;
  AddedTokens added_;
  std::vector<std::string_view> pieces_;  // [vocabulary_size] into the model's table and the added tokens
};

Status FileTokenizer::add_tokens() {
  const PieceTable& table = parts_.model->pieces();
  for (std::int32_t id = 0; id < table.size(); ++id) pieces_.push_back(table.piece(id));
  const auto limit = static_cast<std::int32_t>(pieces_.size() + parts_.added_tokens.size() * 16 + 100'000);
  for (const AddedToken& token : parts_.added_tokens) {
    const std::string name = "the added token '" + token.content + "' has the id " + std::to_string(token.id);
    if (token.id < 0 || token.id >= limit) return bad(name + ", which is out of range");
    const std::int32_t known = table.find(token.content);
    if (known >= 0 && known != token.id) return bad(name + ", but the vocabulary says " + std::to_string(known));
    const auto place = static_cast<std::size_t>(token.id);
    if (place >= pieces_.size()) pieces_.resize(place + 1);
    if (!pieces_[place].empty() && pieces_[place] != token.content) {
      return bad(name + ", which belongs to '" + std::string(pieces_[place]) + "'");
    }
    pieces_[place] = token.content;
  }
  auto added = AddedTokens::create(std::move(parts_.added_tokens), parts_.normalizer.get());
  if (!added) return added.error();
  added_ = std::move(added).value();  // the strings stay where they are, and pieces_ may go on pointing at them
  return {};
}

Status FileTokenizer::check_template(const std::vector<SequenceTemplate::Part>& sequence) const {
  for (const SequenceTemplate::Part& part : sequence) {
    if (part.kind != SequenceTemplate::Kind::special) continue;
    if (part.id < 0 || part.id >= vocabulary_size()) {
      return bad("the template's special token has the id " + std::to_string(part.id) + ", which is out of range");
    }
  }
  return {};
}

Status FileTokenizer::build(TokenizerParts parts) {
  parts_ = std::move(parts);
  if (const Status status = add_tokens(); !status) return status;
  if (const Status status = check_template(parts_.sequence.single); !status) return status;
  return check_template(parts_.sequence.pair);
}

void FileTokenizer::put(const PartedText& text, const PartedText::Part& part, Encoding& encoding,
                        const SpanTrimmer* trimmer) const {
  const auto add = [&](std::int32_t id, std::string_view value, std::span<const AlignedCharacter> source) {
    ByteSpan span{part.origin, part.origin};
    if (!source.empty()) span = {source.front().start, std::max(source.front().start, source.back().end)};
    if (trimmer != nullptr) trimmer->trim(value, encoding.ids.empty(), span);
    encoding.ids.push_back(id);
    encoding.offsets.push_back(span);
  };
  const auto characters = text.of(part);
  SpelledWord word;
  word.bytes.reserve(characters.size());
  word.starts.reserve(characters.size() + 1);
  for (const AlignedCharacter& character : characters) {
    word.starts.push_back(static_cast<std::uint32_t>(word.bytes.size()));
    append_utf8(character.value, word.bytes);
  }
  word.starts.push_back(static_cast<std::uint32_t>(word.bytes.size()));
  if (part.id != PartedText::kOpen) {
    add(part.id, word.bytes, characters);
    return;
  }
  std::vector<Cut> cuts;
  parts_.model->cut(word, cuts);
  // A piece may begin inside a character's bytes and then stands for all of it.
  const auto character_at = [&](std::uint32_t byte) {
    const auto behind = std::upper_bound(word.starts.begin(), word.starts.end() - 1, byte);
    return static_cast<std::size_t>(behind - word.starts.begin()) - 1;
  };
  for (const Cut& cut : cuts) {
    if (cut.begin >= cut.end) {
      add(cut.id, piece(cut.id), {});
      continue;
    }
    const std::size_t first = character_at(cut.begin);
    add(cut.id, piece(cut.id), characters.subspan(first, character_at(cut.end - 1) - first + 1));
  }
}

Encoding FileTokenizer::encode(std::string_view text) const {
  PartedText parted = added_.extract(text, parts_.normalizer.get(), parts_.options.special_tokens_in_text);
  if (parts_.pre_tokenizer != nullptr) parts_.pre_tokenizer->apply(parted);
  Encoding encoding;
  encoding.ids.reserve(parted.parts.size());
  encoding.offsets.reserve(parted.parts.size());
  const SpanTrimmer trimmer(text, parts_.trimming.value_or(OffsetTrimming{}));
  for (const PartedText::Part& part : parted.parts) {
    put(parted, part, encoding, parts_.trimming ? &trimmer : nullptr);
  }
  return encoding;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_file_tokenizer(TokenizerParts parts) {
  auto tokenizer = std::make_unique<FileTokenizer>();
  if (const Status status = tokenizer->build(std::move(parts)); !status) return status.error();
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

}  // namespace attune
