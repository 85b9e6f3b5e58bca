#include "tokenizer/byte_level.hpp"

#include <array>
#include <string>

#include "tokenizer/normalisation_map.hpp"

namespace attune {
namespace {

constexpr bool is_printable(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<std::uint32_t, 256> characters_of_bytes() {
  std::array<std::uint32_t, 256> characters{};
  std::uint32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) characters[byte] = is_printable(byte) ? byte : next++;
  return characters;
}

constexpr std::array<std::uint32_t, 256> kCharacters = characters_of_bytes();

}  // namespace

std::uint32_t character_of_byte(std::uint8_t byte) {
  return kCharacters[byte];
}

void spell_bytes(TextPart& part) {
  AlignedCharacters result;
  result.reserve(part.characters.size() * 2);
  std::string bytes;
  for (const AlignedCharacter& character : part.characters) {
    bytes.clear();
    append_utf8(character.value, bytes);
    for (const char byte : bytes) {
      result.push_back({kCharacters[static_cast<std::uint8_t>(byte)], character.start, character.end});
    }
  }
  part.characters = std::move(result);
}

}  // namespace attune
