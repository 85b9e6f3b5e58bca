// The safetensors format: eight bytes of header length, a JSON header {name: {dtype, shape, data_offsets}}, then the
// tensors' bytes. Little-endian. Reading trusts nothing: every length, type, shape and offset is checked before use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"

namespace attune {

enum class TensorType { u8, i32, u32, f32 };  // those that our files use

std::string_view tensor_type_name(TensorType type);  // as in the header: "U8", "I32", "U32", "F32"
std::size_t tensor_type_bytes(TensorType type);

struct TensorEntry {
  TensorType type = TensorType::u8;
  std::vector<std::uint64_t> shape;
  std::uint64_t begin = 0;  // in the data
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;
  std::map<std::string, TensorEntry> tensors;
};

// Reads the JSON header of a file with `data_bytes` bytes of tensors. Fails with corrupt, naming the tensor: repeated,
// overlapping, out of range, with gaps, of a shape that does not fit its bytes; unsupported for a type not above.
Result<SafetensorsHeader> parse_safetensors_header(std::string_view json, std::uint64_t data_bytes);

// A whole file in memory. It is read, not mapped: a mapped file that someone cuts short would kill the process.
class Safetensors {
 public:
  static constexpr std::uint64_t kMaxFileBytes = 512ULL << 20U;
  static constexpr std::uint64_t kMaxHeaderBytes = 1ULL << 20U;

  static Result<Safetensors> read(const std::filesystem::path& path);
  static Result<Safetensors> parse(std::string bytes);

  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return header_.metadata; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  // The bytes of a tensor. Fails with corrupt if it is absent or has another type or shape.
  Result<std::span<const std::uint8_t>> tensor(const std::string& name, TensorType type,
                                               const std::vector<std::uint64_t>& shape) const;
  // The length of a tensor with one dimension. Fails with corrupt.
  Result<std::uint64_t> length(const std::string& name, TensorType type) const;

  // A copy of a tensor as numbers. T is std::uint8_t, std::int32_t, std::uint32_t or float.
  template <typename T>
  Result<std::vector<T>> numbers(const std::string& name, const std::vector<std::uint64_t>& shape) const;

 private:
  SafetensorsHeader header_;
  std::string bytes_;
  std::size_t data_start_ = 0;
};

// Collects tensors and makes the file's bytes. Tensors stand in the order of their names, 4-byte types first, so that
// everything is aligned.
class SafetensorsBuilder {
 public:
  void set(const std::string& key, std::string value) { metadata_[key] = std::move(value); }
  void add(const std::string& name, std::vector<std::uint64_t> shape, std::vector<std::uint8_t> values);
  void add(const std::string& name, std::vector<std::uint64_t> shape, const std::vector<std::int32_t>& values);
  void add(const std::string& name, std::vector<std::uint64_t> shape, const std::vector<std::uint32_t>& values);
  void add(const std::string& name, std::vector<std::uint64_t> shape, const std::vector<float>& values);

  [[nodiscard]] std::string bytes() const;

 private:
  struct Tensor {
    TensorType type = TensorType::u8;
    std::vector<std::uint64_t> shape;
    std::vector<std::uint8_t> bytes;
  };
  template <typename T>
  void add_numbers(const std::string& name, TensorType type, std::vector<std::uint64_t> shape,
                   const std::vector<T>& values);

  std::map<std::string, std::string> metadata_;
  std::map<std::string, Tensor> tensors_;
};

}  // namespace attune
