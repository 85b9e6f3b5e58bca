#include "tokenizer/json_fields.hpp"

namespace attune {
namespace {

using nlohmann::json;

constexpr std::size_t kMostDepth = 32;
constexpr std::size_t kMostValues = 8'000'000;

// Counts what a parser would build, without building it. Strings are skipped; what is malformed is left to the parser.
Status check_shape(std::string_view bytes) {
  std::size_t depth = 0;
  std::size_t values = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const char byte = bytes[at];
    if (in_string) {
      if (byte == '\\') ++at;
      if (byte == '"') in_string = false;
      continue;
    }
    if (byte == '"') in_string = true;
    if (byte == '{' || byte == '[') ++depth;
    if ((byte == '}' || byte == ']') && depth > 0) --depth;
    if (byte == ',' || byte == '{' || byte == '[') ++values;
    if (depth > kMostDepth) {
      return Error{ErrorKind::bad_input, "nested deeper than " + std::to_string(kMostDepth) + " levels"};
    }
    if (values > kMostValues) {
      return Error{ErrorKind::too_large, "more than " + std::to_string(kMostValues) + " values"};
    }
  }
  return {};
}

}  // namespace

Result<json> parse_bounded_json(std::string_view bytes) {
  if (const Status status = check_shape(bytes); !status) return status.error();
  try {
    return json::parse(bytes);
  } catch (const json::exception& error) {
    return Error{ErrorKind::bad_input, error.what()};
  }
}

JsonFields::JsonFields(const json& value, std::string place) : value_(value), place_(std::move(place)) {
  if (!value_.is_object()) fail(ErrorKind::bad_input, "is not an object");
}

void JsonFields::fail(ErrorKind kind, const std::string& text) {
  if (!error_) error_ = Error{kind, place_ + ": " + text};
}

Status JsonFields::status() const {
  if (error_) return *error_;
  return {};
}

const json* JsonFields::find(const char* name) {
  if (!value_.is_object()) return nullptr;
  const auto found = value_.find(name);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

const json* JsonFields::required(const char* name, bool has_instead) {
  const json* const field = find(name);
  if (field == nullptr && !has_instead) fail(ErrorKind::bad_input, std::string("'") + name + "' is missing");
  return field;
}

std::string JsonFields::text(const char* name, std::optional<std::string> instead) {
  const json* const field = required(name, instead.has_value());
  if (field == nullptr) return instead.value_or("");
  if (field->is_string()) return field->get_ref<const std::string&>();
  fail(ErrorKind::bad_input, std::string("'") + name + "' is not a string");
  return "";
}

bool JsonFields::boolean(const char* name, std::optional<bool> instead) {
  const json* const field = required(name, instead.has_value());
  if (field == nullptr) return instead.value_or(false);
  if (!field->is_boolean()) fail(ErrorKind::bad_input, std::string("'") + name + "' is neither true nor false");
  return field->is_boolean() && *field->get_ptr<const bool*>();
}

std::optional<bool> JsonFields::optional_boolean(const char* name) {
  if (find(name) == nullptr) return std::nullopt;
  return boolean(name);
}

std::int64_t JsonFields::integer(const char* name, std::optional<std::int64_t> instead) {
  const json* const field = required(name, instead.has_value());
  if (field == nullptr) return instead.value_or(0);
  const bool fits =
      field->is_number_integer() && (!field->is_number_unsigned() || field->get<std::uint64_t>() >> 63U == 0);
  if (fits) return field->get<std::int64_t>();
  fail(ErrorKind::bad_input, std::string("'") + name + "' is not a whole number");
  return 0;
}

const json& JsonFields::array(const char* name) {
  static const json none = json::array();
  const json* const field = required(name, false);
  if (field == nullptr) return none;
  if (field->is_array()) return *field;
  fail(ErrorKind::bad_input, std::string("'") + name + "' is not an array");
  return none;
}

}  // namespace attune
