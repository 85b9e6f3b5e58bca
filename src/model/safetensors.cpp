#include "model/safetensors.hpp"

#include <bit>
#include <cstring>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

#include "model/mapped_file.hpp"

namespace attune {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are little-endian and are copied as they are");

constexpr std::size_t kLengthBytes = 8;

template <typename T>
constexpr TensorType kTypeOf = TensorType::u8;
template <>
constexpr TensorType kTypeOf<std::int32_t> = TensorType::i32;
template <>
constexpr TensorType kTypeOf<std::uint32_t> = TensorType::u32;
template <>
constexpr TensorType kTypeOf<float> = TensorType::f32;

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (const std::uint64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

Error corrupt_tensor(const std::string& name, const std::string& text) {
  return Error{ErrorKind::corrupt, "tensor '" + name + "': " + text};
}

std::uint64_t read_u64(std::string_view bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace

Result<Safetensors> Safetensors::read(const std::filesystem::path& path) {
  const auto mapped = MappedFile::open(path, kMaxFileBytes);
  if (!mapped) return mapped.error();
  auto file = parse((*mapped)->bytes(), *mapped);
  if (!file) return file.error().while_doing("'" + to_utf8(path) + "'");
  return file;
}

Result<Safetensors> Safetensors::parse(std::string bytes) {
  const auto kept = std::make_shared<const std::string>(std::move(bytes));
  return parse(*kept, kept);
}

Result<Safetensors> Safetensors::parse(std::string_view bytes, std::shared_ptr<const void> keep) {
  if (bytes.size() < kLengthBytes) return Error{ErrorKind::corrupt, "the file ends within its first eight bytes"};
  const std::uint64_t header_bytes = read_u64(bytes);
  if (header_bytes > kMaxHeaderBytes) return Error{ErrorKind::corrupt, "the header is longer than it may be"};
  if (header_bytes > bytes.size() - kLengthBytes) return Error{ErrorKind::corrupt, "the file ends within its header"};
  Safetensors file;
  file.bytes_ = bytes;
  file.keep_ = std::move(keep);
  file.data_start_ = kLengthBytes + static_cast<std::size_t>(header_bytes);
  const std::string_view json = bytes.substr(kLengthBytes, static_cast<std::size_t>(header_bytes));
  auto header = parse_safetensors_header(json, bytes.size() - file.data_start_);
  if (!header) return header.error();
  file.header_ = std::move(header).value();
  return file;
}

std::span<const std::uint8_t> Safetensors::bytes_of(const TensorEntry& entry) const {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes_.data()) + data_start_;
  return {data + entry.begin, static_cast<std::size_t>(entry.end - entry.begin)};
}

Result<std::span<const std::uint8_t>> Safetensors::tensor(const std::string& name, TensorType type,
                                                          const std::vector<std::uint64_t>& shape) const {
  const auto found = header_.tensors.find(name);
  if (found == header_.tensors.end()) return corrupt_tensor(name, "is missing");
  const TensorEntry& entry = found->second;
  if (entry.type != type) {
    return corrupt_tensor(
        name, "has type " + std::string(tensor_type_name(entry.type)) + ", not " + std::string(tensor_type_name(type)));
  }
  if (entry.shape != shape) {
    return corrupt_tensor(name, "has shape " + shape_text(entry.shape) + ", not " + shape_text(shape));
  }
  return bytes_of(entry);
}

Result<std::uint64_t> Safetensors::length(const std::string& name, TensorType type) const {
  const auto found = header_.tensors.find(name);
  if (found == header_.tensors.end()) return corrupt_tensor(name, "is missing");
  if (found->second.shape.size() != 1) return corrupt_tensor(name, "has not one dimension");
  if (found->second.type != type) return corrupt_tensor(name, "is not " + std::string(tensor_type_name(type)));
  return found->second.shape[0];
}

template <typename T>
Result<std::vector<T>> Safetensors::numbers(const std::string& name, const std::vector<std::uint64_t>& shape) const {
  const auto found = tensor(name, kTypeOf<T>, shape);
  if (!found) return found.error();
  std::vector<T> values(found->size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), found->data(), found->size());
  return values;
}

template Result<std::vector<std::uint8_t>> Safetensors::numbers(const std::string&,
                                                                const std::vector<std::uint64_t>&) const;
template Result<std::vector<std::int32_t>> Safetensors::numbers(const std::string&,
                                                                const std::vector<std::uint64_t>&) const;
template Result<std::vector<std::uint32_t>> Safetensors::numbers(const std::string&,
                                                                 const std::vector<std::uint64_t>&) const;
template Result<std::vector<float>> Safetensors::numbers(const std::string&, const std::vector<std::uint64_t>&) const;

template <typename T>
void SafetensorsBuilder::add_numbers(const std::string& name, TensorType type, std::vector<std::uint64_t> shape,
                                     const std::vector<T>& values) {
  std::vector<std::uint8_t> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  tensors_[name] = Tensor{type, std::move(shape), std::move(bytes)};
}

void SafetensorsBuilder::add(const std::string& name, std::vector<std::uint64_t> shape,
                             std::vector<std::uint8_t> values) {
  tensors_[name] = Tensor{TensorType::u8, std::move(shape), std::move(values)};
}
void SafetensorsBuilder::add(const std::string& name, std::vector<std::uint64_t> shape,
                             const std::vector<std::int8_t>& values) {
  add_numbers(name, TensorType::i8, std::move(shape), values);
}
void SafetensorsBuilder::add(const std::string& name, std::vector<std::uint64_t> shape,
                             const std::vector<std::int32_t>& values) {
  add_numbers(name, TensorType::i32, std::move(shape), values);
}
void SafetensorsBuilder::add(const std::string& name, std::vector<std::uint64_t> shape,
                             const std::vector<std::uint32_t>& values) {
  add_numbers(name, TensorType::u32, std::move(shape), values);
}
void SafetensorsBuilder::add(const std::string& name, std::vector<std::uint64_t> shape,
                             const std::vector<float>& values) {
  add_numbers(name, TensorType::f32, std::move(shape), values);
}

std::string SafetensorsBuilder::bytes() const {
  std::vector<const std::pair<const std::string, Tensor>*> order;
  for (const bool wide : {true, false}) {
    for (const auto& named : tensors_) {
      if ((tensor_type_bytes(named.second.type) == 4) == wide) order.push_back(&named);
    }
  }
  nlohmann::json header = nlohmann::json::object();
  for (const auto& [key, value] : metadata_) header["__metadata__"][key] = value;
  std::size_t end = 0;
  for (const auto* named : order) {
    const std::size_t begin = end;
    end += named->second.bytes.size();
    header[named->first] = {{"dtype", tensor_type_name(named->second.type)},
                            {"shape", named->second.shape},
                            {"data_offsets", {begin, end}}};
  }
  std::string json = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  while (json.size() % 8 != 0) json += ' ';  // tensors begin aligned
  const std::uint64_t length = json.size();
  std::string result(kLengthBytes, '\0');
  std::memcpy(result.data(), &length, kLengthBytes);
  result += json;
  for (const auto* named : order) result.append(named->second.bytes.begin(), named->second.bytes.end());
  return result;
}

}  // namespace attune
