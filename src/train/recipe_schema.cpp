// schemas/recipe.schema.json, made from what the reader reads: a test holds the file against it.
#include <nlohmann/json.hpp>

#include "train/recipe_fields.hpp"

namespace attune::train {
namespace {

using Json = nlohmann::ordered_json;

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
    Json all = Json::array();
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
  static Json written(Struct& value) {
    SchemaWriting writing;
    describe(writing, value);
    return {{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(writing.properties_)}};
  }

 private:
  void put(const char* key, Json field, Json otherwise, std::string_view about) {
    field["description"] = about;
    if (!otherwise.is_null()) field["default"] = std::move(otherwise);
    properties_[key] = std::move(field);
  }

  Json properties_ = Json::object();
};

}  // namespace

std::string recipe_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "A recipe of attune train"},
                 {"description", "Everything that decides what training gives. See include/attune/train/recipe.hpp."}};
  Recipe recipe;
  schema.update(SchemaWriting::written(recipe));
  schema["required"] = {"data"};
  return schema.dump(2) + "\n";
}

}  // namespace attune::train
