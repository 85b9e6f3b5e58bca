#include "model/protobuf_wire.hpp"

#include <cstring>

namespace attune {
namespace {

constexpr int kMaxVarintBytes = 10;

// Takes a varint from the head of `rest`. False if it does not end, or is longer than 64 bits.
bool take_varint(std::string_view& rest, std::uint64_t& value) {
  value = 0;
  for (int index = 0; index < kMaxVarintBytes && static_cast<std::size_t>(index) < rest.size(); ++index) {
    const auto byte = static_cast<std::uint8_t>(rest[static_cast<std::size_t>(index)]);
    if (index == kMaxVarintBytes - 1 && byte > 1) return false;
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << (7 * index);
    if ((byte & 0x80U) == 0) {
      rest.remove_prefix(static_cast<std::size_t>(index) + 1);
      return true;
    }
  }
  return false;
}

}  // namespace

bool WireReader::fail() {
  failed_ = true;
  rest_ = {};
  return false;
}

bool WireReader::next() {
  if (rest_.empty()) return false;
  std::uint64_t tag = 0;
  if (!take_varint(rest_, tag) || tag >> 32U != 0 || tag >> 3U == 0) return fail();
  field_ = static_cast<std::uint32_t>(tag >> 3U);
  number_ = 0;
  bytes_ = {};
  std::uint64_t length = 0;
  switch (tag & 7U) {
    case 0:
      kind_ = Kind::varint;
      return take_varint(rest_, number_) || fail();
    case 1:
      kind_ = Kind::fixed64;
      length = 8;
      break;
    case 2:
      kind_ = Kind::bytes;
      if (!take_varint(rest_, length)) return fail();
      break;
    case 5:
      kind_ = Kind::fixed32;
      length = 4;
      break;
    default:  // groups, which no ONNX file has
      return fail();
  }
  if (length > rest_.size()) return fail();
  bytes_ = rest_.substr(0, static_cast<std::size_t>(length));
  rest_.remove_prefix(static_cast<std::size_t>(length));
  return true;
}

std::uint64_t WireReader::number() {
  if (kind_ != Kind::varint) fail();
  return number_;
}

std::uint32_t WireReader::fixed32() {
  std::uint32_t value = 0;
  if (kind_ != Kind::fixed32) {
    fail();
  } else {
    std::memcpy(&value, bytes_.data(), sizeof value);
  }
  return value;
}

std::string_view WireReader::bytes() {
  if (kind_ == Kind::bytes) return bytes_;
  fail();
  return {};
}

bool PackedVarints::next(std::uint64_t& value) {
  if (rest_.empty()) return false;
  if (take_varint(rest_, value)) return true;
  failed_ = true;
  rest_ = {};
  return false;
}

}  // namespace attune
