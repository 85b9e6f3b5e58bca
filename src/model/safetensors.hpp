// The safetensors format: eight bytes of header length, a JSON header {name: {dtype, shape, data_offsets}}, then the
// tensors' bytes. Little-endian. Reading trusts nothing: every length, type, shape and offset is checked before use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"

namespace attune {

enum class TensorType { boolean, u8, i8, u16, i16, f16, bf16, u32, i32, f32, u64, i64, f64 };

std::string_view tensor_type_name(TensorType type);  // as in the header: "U8", "I32", "BF16", …
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

// A whole file, mapped or in memory. Copies share the bytes.
class Safetensors {
 public:
  static constexpr std::uint64_t kMaxFileBytes = 8ULL << 30U;
  static constexpr std::uint64_t kMaxHeaderBytes = 1ULL << 20U;

  // Maps the file (mapped_file.hpp says what that means for a file that changes).
  static Result<Safetensors> read(const std::filesystem::path& path);
  static Result<Safetensors> parse(std::string bytes);
  // `keep` keeps `bytes` alive.
  static Result<Safetensors> parse(std::string_view bytes, std::shared_ptr<const void> keep);

  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return header_.metadata; }
  [[nodiscard]] const std::map<std::string, TensorEntry>& tensors() const { return header_.tensors; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  // What keeps bytes() alive.
  [[nodiscard]] const std::shared_ptr<const void>& keep() const { return keep_; }
  // The bytes of an entry of tensors().
  [[nodiscard]] std::span<const std::uint8_t> bytes_of(const TensorEntry& entry) const;

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
  std::string_view bytes_;
  std::shared_ptr<const void> keep_;
  std::size_t data_start_ = 0;
};

// Collects tensors and makes the file's bytes. Tensors stand in the order of their names, 4-byte types first, so that
// everything is aligned.
class SafetensorsBuilder {
 public:
  void set(const std::string& key, std::string value) { metadata_[key] = std::move(value); }
  void add(const std::string& name, std::vector<std::uint64_t> shape, std::vector<std::uint8_t> values);
  void add(const std::string& name, std::vector<std::uint64_t> shape, const std::vector<std::int8_t>& values);
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
