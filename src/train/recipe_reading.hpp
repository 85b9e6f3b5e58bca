// Recipes out of JSON and back, by the describe() of what they consist of (train/recipe_fields.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "attune/core/result.hpp"

#include "train/recipe_fields.hpp"

namespace attune::train {

constexpr std::size_t kLargestRecipe = 1U << 20U;
constexpr std::size_t kLongestList = 1000;

inline std::string joined(const std::vector<std::string>& names) {
  std::string line;
  for (const std::string& name : names) line.append(line.empty() ? "" : ", ").append(name);
  return line;
}

inline std::string number_text(double number) {
  return nlohmann::json(number).dump();
}

// Reads the settings of one JSON object into a struct that holds the defaults. The first fault stays.
class RecipeReading {
 public:
  RecipeReading(const nlohmann::json& json, std::string place) : json_(json), place_(std::move(place)) {}

  void text(const char* key, std::string& value, std::string_view) {
    if (const nlohmann::json* field = find(key); field != nullptr) {
      if (!field->is_string()) return fail(key, "must be a text");
      value = field->get<std::string>();
    }
  }
  void number(const char* key, double& value, double low, double high, std::string_view) {
    const nlohmann::json* field = find(key);
    if (field == nullptr) return;
    if (!field->is_number() || !(field->get<double>() >= low && field->get<double>() <= high)) {
      return fail(key, "must be a number from " + number_text(low) + " to " + number_text(high));
    }
    value = field->get<double>();
  }
  void optional_number(const char* key, std::optional<double>& value, double low, double high, std::string_view about) {
    if (find(key) == nullptr) return;
    double number_there = 0;
    number(key, number_there, low, high, about);
    value = number_there;
  }
  void size(const char* key, std::size_t& value, std::size_t low, std::size_t high, std::string_view) {
    const nlohmann::json* field = find(key);
    if (field == nullptr) return;
    if (!field->is_number_unsigned() || field->get<std::size_t>() < low || field->get<std::size_t>() > high) {
      return fail(key, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    }
    value = field->get<std::size_t>();
  }
  void flag(const char* key, bool& value, std::string_view) {
    if (const nlohmann::json* field = find(key); field != nullptr) {
      if (!field->is_boolean()) return fail(key, "must be true or false");
      value = field->get<bool>();
    }
  }
  void choice(const char* key, std::string& value, Names names, std::string_view) {
    const nlohmann::json* field = find(key);
    if (field == nullptr) return;
    const auto known = std::find_if(names.begin(), names.end(), [&](std::string_view name) { return *field == name; });
    if (known == names.end()) return fail(key, "must be one of " + joined({names.begin(), names.end()}));
    value = *known;
  }
  void texts(const char* key, std::vector<std::string>& values, std::string_view) {
    const nlohmann::json* field = find(key);
    if (field == nullptr) return;
    const bool fine =
        field->is_array() && field->size() <= kLongestList &&
        std::all_of(field->begin(), field->end(), [](const nlohmann::json& item) { return item.is_string(); });
    if (!fine) return fail(key, "must be a list of texts");
    values = field->get<std::vector<std::string>>();
  }
  template <typename Struct>
  void section(const char* key, Struct& value, std::string_view) {
    const nlohmann::json* field = find(key);
    if (field == nullptr) return;
    read_into(*field, place_of(key), value);
  }
  template <typename Struct>
  void optional_section(const char* key, std::optional<Struct>& value, std::string_view) {
    const nlohmann::json* field = find(key);
    if (field == nullptr) return;
    read_into(*field, place_of(key), value.emplace());
  }
  template <typename Struct>
  void list(const char* key, std::vector<Struct>& values, std::string_view) {
    const nlohmann::json* field = find(key);
    if (field == nullptr) return;
    if (!field->is_array() || field->size() > kLongestList) return fail(key, "must be a list");
    values.clear();
    for (const nlohmann::json& item : *field) {
      const std::string place = place_of(key) + "[" + std::to_string(values.size()) + "]";
      read_into(item, place, values.emplace_back());
    }
  }

  // Reads all of `json` into `value`. Fails for what it does not know.
  template <typename Struct>
  static Status read(const nlohmann::json& json, std::string place, Struct& value) {
    if (!json.is_object())
      return Error{ErrorKind::bad_input, (place.empty() ? "a recipe" : place) + " must be an object"};
    RecipeReading reading(json, std::move(place));
    describe(reading, value);
    for (const auto& [key, field] : json.items()) {
      if (std::find(reading.known_.begin(), reading.known_.end(), key) != reading.known_.end()) continue;
      // Before any wrong value: a misspelt name is why the right one is not there.
      return Error{ErrorKind::bad_input,
                   "there is no setting '" + reading.place_of(key) + "'; here may stand: " + joined(reading.known_)};
    }
    return reading.status_;
  }

 private:
  const nlohmann::json* find(const char* key) {
    known_.emplace_back(key);
    const auto field = json_.find(key);
    return field == json_.end() ? nullptr : &*field;
  }
  [[nodiscard]] std::string place_of(std::string_view key) const {
    return place_.empty() ? std::string(key) : place_ + "." + std::string(key);
  }
  void fail(std::string_view key, const std::string& text) {
    if (status_) status_ = Error{ErrorKind::bad_input, place_of(key) + " " + text};
  }
  template <typename Struct>
  void read_into(const nlohmann::json& json, const std::string& place, Struct& value) {
    const Status read_there = read(json, place, value);
    if (!read_there && status_) status_ = read_there;
  }

  const nlohmann::json& json_;
  std::string place_;
  std::vector<std::string> known_;
  Status status_;
};

class RecipeWriting {
 public:
  void text(const char* key, std::string& value, std::string_view) { json_[key] = value; }
  void number(const char* key, double& value, double, double, std::string_view) { json_[key] = value; }
  void optional_number(const char* key, std::optional<double>& value, double, double, std::string_view) {
    if (value) json_[key] = *value;
  }
  void size(const char* key, std::size_t& value, std::size_t, std::size_t, std::string_view) { json_[key] = value; }
  void flag(const char* key, bool& value, std::string_view) { json_[key] = value; }
  void choice(const char* key, std::string& value, Names, std::string_view) { json_[key] = value; }
  void texts(const char* key, std::vector<std::string>& values, std::string_view) { json_[key] = values; }
  template <typename Struct>
  void section(const char* key, Struct& value, std::string_view) {
    json_[key] = written(value);
  }
  template <typename Struct>
  void optional_section(const char* key, std::optional<Struct>& value, std::string_view) {
    if (value) json_[key] = written(*value);
  }
  template <typename Struct>
  void list(const char* key, std::vector<Struct>& values, std::string_view) {
    json_[key] = nlohmann::ordered_json::array();
    for (Struct& value : values) json_[key].push_back(written(value));
  }

  template <typename Struct>
  static nlohmann::ordered_json written(Struct& value) {
    RecipeWriting writing;
    describe(writing, value);
    return std::move(writing.json_);
  }

 private:
  nlohmann::ordered_json json_ = nlohmann::ordered_json::object();
};

}  // namespace attune::train
