// A recipe's describe() as a JSON schema.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "train/recipe_reading.hpp"

namespace attune::train {

class SchemaWriting {
 public:
  void text(const char* key, std::string& value, std::string_view about) {
    put(key, {{"type", "string"}}, value, about);
  }
  void number(const char* key, double& value, double low, double high, std::string_view about) {
    put(key, {{"type", "number"}, {"minimum", low}, {"maximum", high}}, value, about);
  }
  void optional_number(const char* key, std::optional<double>&, double low, double high, std::string_view about) {
    put(key, {{"type", "number"}, {"minimum", low}, {"maximum", high}}, nullptr, about);
  }
  void size(const char* key, std::size_t& value, std::size_t low, std::size_t high, std::string_view about) {
    put(key, {{"type", "integer"}, {"minimum", low}, {"maximum", high}}, value, about);
  }
  void flag(const char* key, bool& value, std::string_view about) { put(key, {{"type", "boolean"}}, value, about); }
  void choice(const char* key, std::string& value, Names names, std::string_view about) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const std::string_view name : names) all.push_back(name);
    put(key, {{"type", "string"}, {"enum", std::move(all)}}, value, about);
  }
  void texts(const char* key, std::vector<std::string>&, std::string_view about) {
    put(key, {{"type", "array"}, {"items", {{"type", "string"}}}}, nullptr, about);
  }
  template <typename Struct>
  void section(const char* key, Struct& value, std::string_view about) {
    put(key, written(value), nullptr, about);
  }
  template <typename Struct>
  void optional_section(const char* key, std::optional<Struct>&, std::string_view about) {
    Struct usual;
    put(key, written(usual), nullptr, about);
  }
  template <typename Struct>
  void list(const char* key, std::vector<Struct>&, std::string_view about) {
    Struct item;
    put(key, {{"type", "array"}, {"items", written(item)}}, nullptr, about);
  }

  template <typename Struct>
  static nlohmann::ordered_json written(Struct& value) {
    SchemaWriting writing;
    describe(writing, value);
    return {{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(writing.properties_)}};
  }

 private:
  void put(const char* key, nlohmann::ordered_json field, nlohmann::ordered_json otherwise, std::string_view about) {
    field["description"] = about;
    if (!otherwise.is_null()) field["default"] = std::move(otherwise);
    properties_[key] = std::move(field);
  }

  nlohmann::ordered_json properties_ = nlohmann::ordered_json::object();
};

// The whole file's text; a recipe needs "data".
template <typename Recipe>
std::string schema_of(std::string_view title, std::string_view description) {
  nlohmann::ordered_json schema = {
      {"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}, {"description", description}};
  Recipe recipe;
  schema.update(SchemaWriting::written(recipe));
  schema["required"] = {"data"};
  return schema.dump(2) + "\n";
}

}  // namespace attune::train
