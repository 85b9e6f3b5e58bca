// Settings out of a JSON file that came with a model: bounded, and every complaint names file and field.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "attune/core/result.hpp"

namespace attune {

using Json = nlohmann::json;

// The file as JSON. Fails with not_found, io, too_large, or corrupt: no JSON, nested too deeply.
Result<Json> read_json(const std::filesystem::path& path);
// The same, and it must be an object.
Result<Json> read_json_object(const std::filesystem::path& path);
// The same; an empty object if there is no such file.
Result<Json> read_json_object_if_there(const std::filesystem::path& path);

// Reads fields and remembers the first that is wrong, so that a dozen can be read without a dozen checks. A field that
// is absent or null has the default.
class JsonFields {
 public:
  // `json` must be an object and outlive this. `file` is what complaints begin with ("config.json").
  JsonFields(const Json& json, std::string file) : json_(json), file_(std::move(file)) {}

  // The field's value, nullptr if absent or null.
  [[nodiscard]] const Json* find(const char* key) const;
  // A whole number of the range; absent is an error.
  std::size_t size(const char* key, std::size_t low, std::size_t high);
  std::size_t size_or(const char* key, std::size_t low, std::size_t high, std::size_t otherwise);
  std::string text_or(const char* key, const std::string& otherwise);
  bool flag_or(const char* key, bool otherwise);
  double number_or(const char* key, double otherwise);

  void fail(ErrorKind kind, const char* key, const std::string& text);
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  const Json& json_;
  std::string file_;
  Status status_;
};

}  // namespace attune
