#include <doctest/doctest.h>

#include "tokenizer/normalisation_map.hpp"
#include "tokenizer/piece_trie.hpp"

namespace {

using attune::decode_utf8;
using attune::NormalisationMap;
using attune::PieceTrie;

constexpr std::uint32_t kReplacement = 0xFFFD;

std::int32_t find(const PieceTrie& trie, std::string_view bytes) {
  std::uint32_t node = PieceTrie::kRoot;
  for (const char byte : bytes) {
    node = trie.step(node, static_cast<unsigned char>(byte));
    if (node == PieceTrie::kNone) return -1;
  }
  return trie.piece_at(node);
}

}  // namespace

TEST_CASE("well-formed UTF-8 decodes, and encoding gives the same bytes back") {
  for (const std::uint32_t value :
       {0x00U, 0x7FU, 0x80U, 0x7FFU, 0x800U, 0xD7FFU, 0xE000U, 0xFFFFU, 0x10000U, 0x10FFFFU}) {
    std::string bytes;
    attune::append_utf8(value, bytes);
    CHECK(decode_utf8(bytes).value == value);
    CHECK(decode_utf8(bytes).bytes == bytes.size());
  }
}

TEST_CASE("malformed UTF-8 reads as U+FFFD over its longest well-formed beginning") {
  const auto check = [](std::string_view bytes, std::uint32_t taken) {
    CAPTURE(bytes.size());
    CHECK(decode_utf8(bytes).value == kReplacement);
    CHECK(decode_utf8(bytes).bytes == taken);
  };
  check("\x80", 1);              // no lead byte
  check("\xC0\xAF", 1);          // overlong
  check("\xE0\x80\x80", 1);      // overlong
  check("\xED\xA0\x80", 1);      // surrogate
  check("\xF4\x90\x80\x80", 1);  // above U+10FFFF
  check("\xE4\xB8", 2);          // cut short
  check("\xF0\x9F\x98", 3);      // cut short
  check("\xE4\xB8 x", 2);
  check("\xFF", 1);
}

TEST_CASE("the map gives replacements, nothing, or the code point itself") {
  const auto map = NormalisationMap::create({0x41, 0x42, 0x20000}, {0, 2, 1}, {'x', 'y', 'z'});
  REQUIRE(map);
  const auto text_of = [&](std::uint32_t value) {
    std::string text;
    for (const std::uint32_t character : map->apply(value)) attune::append_utf8(character, text);
    return text;
  };
  CHECK(text_of(0x41).empty());
  CHECK(text_of(0x42) == "xy");
  CHECK(text_of(0x43) == "C");
  CHECK(text_of(0x20000) == "z");
  CHECK(text_of(0x20001) == "\xF0\xA0\x80\x81");
}

TEST_CASE("a map whose parts do not fit is refused") {
  CHECK_FALSE(NormalisationMap::create({0x42, 0x41}, {1, 1}, {'x', 'y'}));  // not sorted
  CHECK_FALSE(NormalisationMap::create({0x41, 0x41}, {1, 1}, {'x', 'y'}));  // repeated
  CHECK_FALSE(NormalisationMap::create({0x41}, {2}, {'x'}));                // too few replacements
  CHECK_FALSE(NormalisationMap::create({0x41}, {1}, {'x', 'y'}));           // too many
  CHECK_FALSE(NormalisationMap::create({0x41}, {}, {}));                    // no counts
  CHECK_FALSE(NormalisationMap::create({0xD800}, {1}, {'x'}));              // a surrogate
  CHECK_FALSE(NormalisationMap::create({0x41}, {1}, {0x110000}));           // no code point
}

TEST_CASE("the trie finds every piece and nothing else") {
  std::int32_t repeated = 0;
  const PieceTrie trie({{"a", 0}, {"ab", 1}, {"abc", 2}, {"b", 3}, {"网", 4}, {"网络", 5}, {"\xFF", 6}}, repeated);
  CHECK(repeated == -1);
  CHECK(find(trie, "a") == 0);
  CHECK(find(trie, "ab") == 1);
  CHECK(find(trie, "abc") == 2);
  CHECK(find(trie, "b") == 3);
  CHECK(find(trie, "网") == 4);
  CHECK(find(trie, "网络") == 5);
  CHECK(find(trie, "\xFF") == 6);
  for (const char* absent : {"", "c", "ac", "abcd", "bb", "\xE7", "\xE7\xBD", "络"}) CHECK(find(trie, absent) == -1);
}

TEST_CASE("the trie says which piece is there twice") {
  std::int32_t repeated = -1;
  const PieceTrie trie({{"a", 7}, {"b", 8}, {"a", 9}}, repeated);
  CHECK((repeated == 7 || repeated == 9));
}
