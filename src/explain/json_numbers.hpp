// Rows of numbers as JSON, each the shortest that reads back as the same float.
#pragma once

#include <span>

#include <nlohmann/json.hpp>

#include "explain/numbers.hpp"

namespace attune::explain {

inline nlohmann::ordered_json numbers_json(std::span<const float> values) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const float value : values) array.push_back(shortest(value));
  return array;
}

// [rows, columns] as an array of arrays.
inline nlohmann::ordered_json matrix_json(std::span<const float> values, std::size_t columns) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (std::size_t start = 0; start < values.size(); start += columns) {
    rows.push_back(numbers_json(values.subspan(start, columns)));
  }
  return rows;
}

}  // namespace attune::explain
