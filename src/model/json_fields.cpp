#include "model/json_fields.hpp"

#include "attune/core/file.hpp"

namespace attune {
namespace {

constexpr std::uint64_t kMaxBytes = 8ULL << 20U;
constexpr int kMaxDepth = 16;

}  // namespace

Result<Json> read_json(const std::filesystem::path& path) {
  const auto text = read_file(path, kMaxBytes);
  if (!text) return text.error();
  const std::string name = to_utf8(path.filename());
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) too_deep = true;
    return !too_deep;
  };
  Json json = Json::parse(text->begin(), text->end(), watch, false);
  if (too_deep) return Error{ErrorKind::corrupt, name + ": is nested too deeply"};
  if (json.is_discarded()) return Error{ErrorKind::corrupt, name + ": is not JSON"};
  return json;
}

Result<Json> read_json_object(const std::filesystem::path& path) {
  auto json = read_json(path);
  if (json && !json->is_object()) return Error{ErrorKind::corrupt, to_utf8(path.filename()) + ": is not an object"};
  return json;
}

Result<Json> read_json_object_if_there(const std::filesystem::path& path) {
  auto json = read_json_object(path);
  if (!json && json.error().kind == ErrorKind::not_found) return Json::object();
  return json;
}

const Json* JsonFields::find(const char* key) const {
  const auto found = json_.find(key);
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

std::size_t JsonFields::size(const char* key, std::size_t low, std::size_t high) {
  if (find(key) == nullptr) fail(ErrorKind::corrupt, key, "is missing");
  return size_or(key, low, high, low);
}

std::size_t JsonFields::size_or(const char* key, std::size_t low, std::size_t high, std::size_t otherwise) {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_number_unsigned() || value->get<std::uint64_t>() < low || value->get<std::uint64_t>() > high) {
    fail(ErrorKind::corrupt, key, "is not a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    return low;
  }
  return static_cast<std::size_t>(value->get<std::uint64_t>());
}

std::string JsonFields::text_or(const char* key, const std::string& otherwise) {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  if (value->is_string()) return value->get<std::string>();
  fail(ErrorKind::corrupt, key, "is not a string");
  return otherwise;
}

bool JsonFields::flag_or(const char* key, bool otherwise) {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  if (value->is_boolean()) return value->get<bool>();
  fail(ErrorKind::corrupt, key, "is neither true nor false");
  return otherwise;
}

double JsonFields::number_or(const char* key, double otherwise) {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  if (value->is_number()) return value->get<double>();
  fail(ErrorKind::corrupt, key, "is not a number");
  return otherwise;
}

void JsonFields::fail(ErrorKind kind, const char* key, const std::string& text) {
  if (status_) status_ = Error{kind, file_ + ": '" + key + "' " + text};
}

}  // namespace attune
