// The "precompiled charsmap" of SentencePiece: a double-array trie from byte strings to places in a list of texts.
//
//   u32 bytes of the trie, the trie's units (u32 each), then the texts, each closed by a zero byte
//
// A unit: bits 0–7 the label with bit 31, bit 8 "a leaf follows", bits 10–30 the offset, shifted by 8 more if bit 9.
#include <algorithm>
#include <string>

#include "tokenizer/normalisation_map.hpp"
#include "tokenizer/normalizers.hpp"
#include "tokenizer/unicode_classes.hpp"

namespace attune {
namespace {

// Longer graphemes are looked up character by character only, as in the reference.
constexpr std::size_t kMostGraphemeBytes = 5;

class Charsmap final : public Normalizer {
 public:
  Status build(std::string_view bytes);
  void apply(TextPart& part) const override;

 private:
  // The place of the text that the shortest known beginning of `key` becomes, or npos.
  [[nodiscard]] std::size_t find(std::string_view key) const;
  bool replace(std::string_view key, std::int32_t old_count, std::vector<Rewriting>& steps) const;

  std::vector<std::uint32_t> units_;
  std::string texts_;
};

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t index = 4; index-- > 0;) value = (value << 8U) | static_cast<unsigned char>(bytes[at + index]);
  return value;
}

Status Charsmap::build(std::string_view bytes) {
  const auto bad = [](const char* text) { return Error{ErrorKind::bad_input, text}; };
  if (bytes.size() < 4) return bad("the charsmap is too short");
  const std::size_t trie_bytes = read_u32(bytes, 0);
  if (trie_bytes == 0 || trie_bytes % 4 != 0) return bad("the charsmap's trie is not made of whole units");
  if (trie_bytes > bytes.size() - 4) return bad("the charsmap's trie ends too early");
  units_.reserve(trie_bytes / 4);
  for (std::size_t at = 4; at < 4 + trie_bytes; at += 4) units_.push_back(read_u32(bytes, at));
  texts_ = bytes.substr(4 + trie_bytes);
  for (std::size_t at = 0; at < texts_.size();) {
    const CodePoint read = decode_utf8(std::string_view(texts_).substr(at));
    if (read.value == 0xFFFD && read.bytes < 3) return bad("the charsmap's texts are not UTF-8");
    at += read.bytes;
  }
  return {};
}

std::size_t Charsmap::find(std::string_view key) const {
  const auto offset_of = [](std::uint32_t unit) { return std::size_t{unit >> 10U} << ((unit & (1U << 9U)) >> 6U); };
  std::size_t node = offset_of(units_[0]);
  for (const char byte : key) {
    const std::uint32_t label = static_cast<unsigned char>(byte);
    if (label == 0) break;
    node ^= label;
    if (node >= units_.size()) break;
    const std::uint32_t unit = units_[node];
    if ((unit & ((1U << 31U) | 0xFFU)) != label) break;
    node ^= offset_of(unit);
    if ((unit >> 8U & 1U) == 0) continue;
    if (node >= units_.size()) break;
    const std::size_t place = units_[node] & 0x7FFFFFFFU;
    return place <= texts_.size() ? place : std::string::npos;
  }
  return std::string::npos;
}

bool Charsmap::replace(std::string_view key, std::int32_t old_count, std::vector<Rewriting>& steps) const {
  const std::size_t place = find(key);
  if (place == std::string::npos) return false;
  const std::size_t end = std::min(texts_.find('\0', place), texts_.size());
  const std::vector<std::uint32_t> text = code_points_of(std::string_view(texts_).substr(place, end - place));
  for (const std::uint32_t value : text) steps.push_back({value, 0});
  const std::int32_t more = static_cast<std::int32_t>(text.size()) - old_count;
  if (more < 0 && !steps.empty()) steps.back().change += more;
  for (std::int32_t index = 0; index < more; ++index)
    steps[steps.size() - 1 - static_cast<std::size_t>(index)].change = 1;
  return true;
}

void Charsmap::apply(TextPart& part) const {
  std::u32string text;
  for (const AlignedCharacter& character : part.characters) text += static_cast<char32_t>(character.value);
  std::vector<Rewriting> steps;
  steps.reserve(text.size());
  bool is_changed = false;
  std::size_t begin = 0;
  std::string bytes;
  for (const std::size_t end : grapheme_ends(text)) {
    bytes.clear();
    for (std::size_t at = begin; at < end && bytes.size() <= kMostGraphemeBytes; ++at) append_utf8(text[at], bytes);
    if (bytes.size() <= kMostGraphemeBytes && replace(bytes, static_cast<std::int32_t>(end - begin), steps)) {
      is_changed = true;
    } else {
      for (std::size_t at = begin; at < end; ++at) {
        bytes.clear();
        append_utf8(text[at], bytes);
        if (replace(bytes, 1, steps)) {
          is_changed = true;
        } else {
          steps.push_back({text[at], 0});
        }
      }
    }
    begin = end;
  }
  if (is_changed) rewrite(part, steps);
}

}  // namespace

Result<NormalizerPointer> make_charsmap(std::string_view bytes) {
  auto charsmap = std::make_unique<Charsmap>();
  if (const Status status = charsmap->build(bytes); !status) return status.error();
  return NormalizerPointer(std::move(charsmap));
}

}  // namespace attune
