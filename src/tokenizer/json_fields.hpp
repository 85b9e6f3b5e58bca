// Fields of a JSON object, read with their types; the first thing that is wrong is kept and named with its place.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "attune/core/result.hpp"

namespace attune {

// Parses `bytes`, which come from outside: bounded in depth and in the number of values before anything is built.
// Fails with bad_input or too_large.
Result<nlohmann::json> parse_bounded_json(std::string_view bytes);

class JsonFields {
 public:
  // `place` is the object's name in errors: "tokenizer.json: model".
  JsonFields(const nlohmann::json& value, std::string place);

  // The field, which must be there unless a value stands in for it (null counts as absent then).
  std::string text(const char* name, std::optional<std::string> instead = std::nullopt);
  bool boolean(const char* name, std::optional<bool> instead = std::nullopt);
  std::int64_t integer(const char* name, std::optional<std::int64_t> instead = std::nullopt);
  std::optional<bool> optional_boolean(const char* name);
  // The field if it is there and not null, else nullptr.
  const nlohmann::json* find(const char* name);
  // An array, which must be there.
  const nlohmann::json& array(const char* name);

  // Remembers that something is wrong, unless something was before.
  void fail(ErrorKind kind, const std::string& text);
  [[nodiscard]] Status status() const;
  [[nodiscard]] const std::string& place() const { return place_; }

 private:
  const nlohmann::json* required(const char* name, bool has_instead);

  const nlohmann::json& value_;
  std::string place_;
  std::optional<Error> error_;
};

}  // namespace attune
