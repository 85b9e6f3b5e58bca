// Protobuf's wire format, as far as reading one message takes: a field after the other, nothing copied, nothing nested
// by itself. Damage ends the reading and is remembered.
#pragma once

#include <cstdint>
#include <string_view>

namespace attune {

class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  // Moves to the next field. False at the end of the message and on damage.
  bool next();

  [[nodiscard]] std::uint32_t field() const { return field_; }
  // What the field holds. A field of another kind than asked for reads as 0 or empty and counts as damage.
  std::uint64_t number();    // a varint
  std::uint32_t fixed32();   // four bytes
  std::string_view bytes();  // a string, a nested message or a packed list
  [[nodiscard]] bool is_packed() const { return kind_ == Kind::bytes; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  enum class Kind { varint, fixed64, bytes, fixed32 };

  bool fail();

  std::string_view rest_;
  std::uint32_t field_ = 0;
  Kind kind_ = Kind::varint;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
  bool failed_ = false;
};

// Varints one after the other: a packed list of integers.
class PackedVarints {
 public:
  explicit PackedVarints(std::string_view bytes) : rest_(bytes) {}
  // False at the end and on damage.
  bool next(std::uint64_t& value);
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace attune
