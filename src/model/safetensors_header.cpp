#include <algorithm>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "model/safetensors.hpp"

namespace attune {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 4;  // header → tensor → shape → number
constexpr std::size_t kMaxDimensions = 8;

Error corrupt(std::string text) {
  return Error{ErrorKind::corrupt, std::move(text)};
}
Error corrupt_tensor(const std::string& name, const std::string& text) {
  return corrupt("tensor '" + name + "': " + text);
}

struct TypeRow {
  TensorType type;
  std::string_view name;
  std::size_t bytes;
};
constexpr TypeRow kTypes[] = {
    {TensorType::boolean, "BOOL", 1}, {TensorType::u8, "U8", 1},   {TensorType::i8, "I8", 1},
    {TensorType::u16, "U16", 2},      {TensorType::i16, "I16", 2}, {TensorType::f16, "F16", 2},
    {TensorType::bf16, "BF16", 2},    {TensorType::u32, "U32", 4}, {TensorType::i32, "I32", 4},
    {TensorType::f32, "F32", 4},      {TensorType::u64, "U64", 8}, {TensorType::i64, "I64", 8},
    {TensorType::f64, "F64", 8},
};

const TypeRow& row_of(TensorType type) {
  return *std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeRow& row) { return row.type == type; });
}

std::optional<TensorType> type_named(std::string_view name) {
  for (const TypeRow& row : kTypes) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}

// Parses without exceptions. JSON libraries keep the last of repeated names, so repeats are looked for while parsing.
Result<Json> parse_json(std::string_view text) {
  std::set<std::string> names;
  std::string repeated;
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > kMaxDepth) too_deep = true;
    if (event == Json::parse_event_t::key && depth == 1 && !names.insert(value.get<std::string>()).second) {
      repeated = value.get<std::string>();
    }
    return !too_deep;
  };
  Json json = Json::parse(text.begin(), text.end(), watch, false);
  if (too_deep) return corrupt("the header is nested too deeply");
  if (json.is_discarded()) return corrupt("the header is not JSON");
  if (!json.is_object()) return corrupt("the header is not an object");
  if (!repeated.empty()) return corrupt_tensor(repeated, "is named twice in the header");
  return json;
}

std::optional<std::vector<std::uint64_t>> numbers_of(const Json& json, std::size_t most) {
  if (!json.is_array() || json.size() > most) return std::nullopt;
  std::vector<std::uint64_t> numbers;
  for (const Json& item : json) {
    if (!item.is_number_unsigned()) return std::nullopt;
    numbers.push_back(item.get<std::uint64_t>());
  }
  return numbers;
}

Result<TensorEntry> entry_of(const std::string& name, const Json& json, std::uint64_t data_bytes) {
  if (!json.is_object()) return corrupt_tensor(name, "its entry is not an object");
  const auto dtype = json.find("dtype");
  const auto shape_json = json.find("shape");
  const auto offsets_json = json.find("data_offsets");
  if (dtype == json.end() || shape_json == json.end() || offsets_json == json.end()) {
    return corrupt_tensor(name, "dtype, shape or data_offsets is missing");
  }
  if (!dtype->is_string()) return corrupt_tensor(name, "dtype is not a string");
  const auto type = type_named(dtype->get_ref<const std::string&>());
  if (!type) {
    return Error{ErrorKind::unsupported, "tensor '" + name + "': type " + dtype->get<std::string>() + " is not known"};
  }
  const auto shape = numbers_of(*shape_json, kMaxDimensions);
  const auto offsets = numbers_of(*offsets_json, 2);
  if (!shape || !offsets || offsets->size() != 2) return corrupt_tensor(name, "shape or data_offsets is malformed");

  const TensorEntry entry{*type, *shape, offsets->front(), offsets->back()};
  if (entry.begin > entry.end || entry.end > data_bytes) return corrupt_tensor(name, "lies outside the file");
  std::uint64_t bytes = tensor_type_bytes(entry.type);
  for (const std::uint64_t size : entry.shape) {
    if (size != 0 && bytes > data_bytes / size) return corrupt_tensor(name, "its shape is larger than the file");
    bytes *= size;
  }
  if (bytes != entry.end - entry.begin) return corrupt_tensor(name, "its shape does not fit its bytes");
  return entry;
}

// Tensors must cover the data without overlaps and without bytes that belong to nobody.
Status check_cover(const std::map<std::string, TensorEntry>& tensors, std::uint64_t data_bytes) {
  std::vector<std::pair<const TensorEntry*, const std::string*>> order;
  for (const auto& [name, entry] : tensors) order.emplace_back(&entry, &name);
  std::sort(order.begin(), order.end(), [](const auto& left, const auto& right) {
    return std::pair(left.first->begin, left.first->end) < std::pair(right.first->begin, right.first->end);
  });
  std::uint64_t covered = 0;
  for (const auto& [entry, name] : order) {
    if (entry->begin < covered) return corrupt_tensor(*name, "overlaps another tensor");
    if (entry->begin > covered) return corrupt_tensor(*name, "bytes before it belong to no tensor");
    covered = entry->end;
  }
  if (covered != data_bytes) return corrupt("bytes behind the last tensor belong to no tensor");
  return {};
}

}  // namespace

std::string_view tensor_type_name(TensorType type) {
  return row_of(type).name;
}

std::size_t tensor_type_bytes(TensorType type) {
  return row_of(type).bytes;
}

Result<SafetensorsHeader> parse_safetensors_header(std::string_view json_text, std::uint64_t data_bytes) {
  const auto json = parse_json(json_text);
  if (!json) return json.error();
  SafetensorsHeader header;
  for (const auto& [name, value] : json->items()) {
    if (name == "__metadata__") {
      if (!value.is_object()) return corrupt("the metadata is not an object");
      for (const auto& [key, text] : value.items()) {
        if (!text.is_string()) return corrupt("metadata '" + key + "' is not a string");
        header.metadata[key] = text.get<std::string>();
      }
      continue;
    }
    auto entry = entry_of(name, value, data_bytes);
    if (!entry) return entry.error();
    header.tensors.emplace(name, std::move(entry).value());
  }
  if (const Status status = check_cover(header.tensors, data_bytes); !status) return status.error();
  return header;
}

}  // namespace attune
