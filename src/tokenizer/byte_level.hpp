// Byte-level spelling: every byte of a text as one printable character, as GPT-2 does.
#pragma once

#include <cstdint>

#include "tokenizer/parted_text.hpp"

namespace attune {

// The character that stands for `byte`: itself where it is printable, else U+0100 and following ("Ġ" for a space).
std::uint32_t character_of_byte(std::uint8_t byte);

// Every character replaced by the characters of its UTF-8 bytes; all of them stand for the whole character.
void spell_bytes(TextPart& part);

}  // namespace attune
