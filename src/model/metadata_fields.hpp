// The metadata of a safetensors file: texts by key, checked as they are read.
#pragma once

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "attune/core/result.hpp"

namespace attune {

inline Error corrupt_field(const std::string& key, const std::string& text) {
  return Error{ErrorKind::corrupt, "metadata '" + key + "' " + text};
}

// Reads fields and remembers the first that is wrong, so that a dozen can be read without a dozen checks.
class FieldReader {
 public:
  explicit FieldReader(const std::map<std::string, std::string>& fields) : fields_(fields) {}

  std::string text(const std::string& key) {
    const auto found = fields_.find(key);
    if (found != fields_.end()) return found->second;
    fail(corrupt_field(key, "is missing"));
    return {};
  }
  std::size_t number(const std::string& key, std::size_t low, std::size_t high) {
    const std::string digits = text(key);
    std::size_t value = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (code != std::errc() || end != digits.data() + digits.size() || value < low || value > high) {
      fail(corrupt_field(key, "is not a whole number from " + std::to_string(low) + " to " + std::to_string(high)));
      return low;
    }
    return value;
  }
  std::int32_t id(const std::string& key, std::size_t pieces) {
    return static_cast<std::int32_t>(number(key, 0, pieces - 1));
  }
  // Which of `words` the field holds; the first if it holds none of them.
  std::size_t one_of(const std::string& key, std::initializer_list<std::string_view> words) {
    const std::string found = text(key);
    std::size_t index = 0;
    std::string all;
    for (const std::string_view word : words) {
      if (word == found) return index;
      all += (all.empty() ? "'" : ", '") + std::string(word) + "'";
      ++index;
    }
    fail({ErrorKind::unsupported, "metadata '" + key + "' is '" + found + "', this program reads " + all});
    return 0;
  }
  void fail(Error error) {
    if (status_) status_ = std::move(error);
  }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  const std::map<std::string, std::string>& fields_;
  Status status_;
};

}  // namespace attune
