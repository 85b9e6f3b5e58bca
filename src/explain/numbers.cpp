#include "explain/numbers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace attune::explain {

std::string fixed(float value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, static_cast<double>(value));
  std::string result = text.data();
  if (result.find_first_not_of("-0.") == std::string::npos && result.starts_with('-')) result.erase(0, 1);
  return result;
}

std::string first_numbers(std::span<const float> values, std::size_t count) {
  std::string text = "[";
  for (std::size_t index = 0; index < std::min(count, values.size()); ++index) {
    text += (index == 0 ? "" : " ") + fixed(values[index]);
  }
  return text + (values.size() > count ? " …]" : "]");
}

double shortest(float value) {
  std::array<char, 32> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  double result = 0;
  std::from_chars(digits.data(), written.ptr, result);
  return result;
}

}  // namespace attune::explain
