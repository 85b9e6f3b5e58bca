#include "server/schema.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <nlohmann/json.hpp>

namespace attune::server {
namespace {

using nlohmann::json;

constexpr std::array kKnownKeywords = {"$schema",       "$id",          "title",    "description",
                                       "default",       "examples",     "type",     "const",
                                       "enum",          "properties",   "required", "items",
                                       "minItems",      "maxItems",     "minimum",  "maximum",
                                       "minLength",     "maxLength",    "oneOf",    "additionalProperties",
                                       "minProperties", "maxProperties"};

std::string escape_token(std::string_view token) {
  std::string escaped;
  for (const char c : token) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

bool has_type(std::string_view type, const json& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  if (type == "integer") {
    if (value.is_number_integer()) return true;
    // 10.0 is an integer in JSON Schema; a number that no integer of ours can hold is not.
    return value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>() &&
           std::abs(value.get<double>()) < 9e15;
  }
  return false;
}

std::string type_phrase(std::string_view type) {
  if (type == "null") return "null";
  const bool vowel = type == "object" || type == "array" || type == "integer";
  return std::string(vowel ? "an " : "a ") + std::string(type);
}

std::string listed(const json& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + value.dump();
  return text;
}

std::size_t code_points(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Checks one value against one schema; `pointer` is where the value stands.
class Check {
 public:
  Check(const json& schema, const json& value, std::string pointer)
      : schema_(schema), value_(value), pointer_(std::move(pointer)) {}

  [[nodiscard]] std::optional<SchemaFault> run() const {
    if (auto fault = type()) return fault;
    if (auto fault = values()) return fault;
    if (value_.is_number()) return number();
    if (value_.is_string())
      return size("minLength", "maxLength", code_points(value_.get_ref<const std::string&>()), "characters");
    if (value_.is_array()) return array();
    if (value_.is_object()) return object();
    return std::nullopt;
  }

 private:
  [[nodiscard]] SchemaFault fault(std::string message) const { return {pointer_, std::move(message)}; }
  [[nodiscard]] std::string below(std::string_view token) const { return pointer_ + "/" + escape_token(token); }
  [[nodiscard]] const json* keyword(const char* name) const {
    const auto found = schema_.find(name);
    return found == schema_.end() ? nullptr : &*found;
  }

  [[nodiscard]] std::optional<SchemaFault> type() const {
    const json* types = keyword("type");
    if (types == nullptr) return std::nullopt;
    if (types->is_string()) {
      if (has_type(types->get<std::string>(), value_)) return std::nullopt;
      return fault("must be " + type_phrase(types->get<std::string>()));
    }
    std::string wanted;
    for (const auto& one : *types) {
      if (has_type(one.get<std::string>(), value_)) return std::nullopt;
      wanted += (wanted.empty() ? "" : " or ") + type_phrase(one.get<std::string>());
    }
    return fault("must be " + wanted);
  }

  [[nodiscard]] std::optional<SchemaFault> values() const {
    if (const json* wanted = keyword("const"); wanted != nullptr && *wanted != value_) {
      return fault("must be " + wanted->dump());
    }
    if (const json* allowed = keyword("enum");
        allowed != nullptr && std::find(allowed->begin(), allowed->end(), value_) == allowed->end()) {
      return fault("must be one of " + listed(*allowed));
    }
    if (const json* choices = keyword("oneOf")) {
      std::optional<SchemaFault> last;
      int fitting = 0;
      for (const auto& choice : *choices) {
        auto found = Check(choice, value_, pointer_).run();
        fitting += found ? 0 : 1;
        if (found) last = std::move(found);
      }
      if (fitting == 0 && last) return last;
      if (fitting != 1) return fault("fits more than one of the allowed shapes");
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<SchemaFault> number() const {
    if (const json* least = keyword("minimum"); least != nullptr && value_ < *least) {
      return fault("must be at least " + least->dump());
    }
    if (const json* most = keyword("maximum"); most != nullptr && value_ > *most) {
      return fault("must be at most " + most->dump());
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<SchemaFault> size(const char* least_name, const char* most_name, std::size_t actual,
                                                std::string_view unit) const {
    if (const json* least = keyword(least_name); least != nullptr && actual < least->get<std::size_t>()) {
      if (*least == 1) return fault("must not be empty");
      return fault("must have at least " + least->dump() + " " + std::string(unit));
    }
    if (const json* most = keyword(most_name); most != nullptr && actual > most->get<std::size_t>()) {
      return fault("must have at most " + most->dump() + " " + std::string(unit));
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<SchemaFault> array() const {
    if (auto found = size("minItems", "maxItems", value_.size(), "items")) return found;
    const json* items = keyword("items");
    for (std::size_t at = 0; items != nullptr && at < value_.size(); ++at) {
      if (auto found = Check(*items, value_[at], below(std::to_string(at))).run()) return found;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<SchemaFault> object() const {
    if (const json* required = keyword("required")) {
      for (const auto& name : *required) {
        if (value_.contains(name)) continue;
        return SchemaFault{below(name.get<std::string>()), "is required"};
      }
    }
    if (auto found = size("minProperties", "maxProperties", value_.size(), "members")) return found;
    for (const auto& [name, member] : value_.items()) {
      if (auto found = member_fault(name, member)) return found;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<SchemaFault> member_fault(const std::string& name, const json& member) const {
    if (const json* properties = keyword("properties"); properties != nullptr && properties->contains(name)) {
      return Check((*properties)[name], member, below(name)).run();
    }
    const json* additional = keyword("additionalProperties");
    if (additional == nullptr || *additional == true) return std::nullopt;
    if (additional->is_object()) return Check(*additional, member, below(name)).run();
    return SchemaFault{below(name), "is not a member that is known here"};
  }

  const json& schema_;
  const json& value_;
  std::string pointer_;
};

// Looks at the brackets alone, before anything is built from them.
bool nests_deeper_than(std::string_view text, int limit) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      in_string = c != '"';
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > limit) return true;
  }
  return false;
}

}  // namespace

std::optional<SchemaFault> find_fault(const json& schema, const json& value) {
  return Check(schema, value, "").run();
}

Status check_schema(const json& schema) {
  if (!schema.is_object()) return Error{ErrorKind::bad_input, "a schema must be an object"};
  for (const auto& [name, inner] : schema.items()) {
    if (std::find(kKnownKeywords.begin(), kKnownKeywords.end(), name) == kKnownKeywords.end()) {
      return Error{ErrorKind::bad_input, "the keyword '" + name + "' is not checked here"};
    }
    if (name == "items" || (name == "additionalProperties" && inner.is_object())) {
      if (auto status = check_schema(inner); !status) return status;
    }
    if (name != "properties" && name != "oneOf") continue;
    for (const auto& member : inner) {
      if (auto status = check_schema(member); !status) return status;
    }
  }
  return {};
}

Result<json> parse_json(std::string_view text, int max_nesting) {
  if (nests_deeper_than(text, max_nesting)) {
    return Error{ErrorKind::bad_input, "the JSON nests deeper than " + std::to_string(max_nesting) + " levels"};
  }
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    // The parser counts bytes from 1 and points at the last one that it read.
    return Error{ErrorKind::bad_input, "the body is not valid JSON at byte " + std::to_string(error.byte)};
  } catch (const json::exception&) {
    return Error{ErrorKind::bad_input, "the body holds a number that is out of range"};
  }
}

}  // namespace attune::server
