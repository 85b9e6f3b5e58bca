// Glob: a pattern over a document's path.
//
// '*' stands for any bytes within one part of the path, '**' for any bytes across parts ('**/' also for no part at
// all), '?' for one character that is not '/'. Everything else stands for itself. The whole path must match. Takes time
// in proportion to pattern times path, whatever the pattern.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::store {

class Glob {
 public:
  explicit Glob(std::string_view pattern);
  [[nodiscard]] bool matches(std::string_view path) const;

 private:
  enum class Kind { byte, character, within_part, across_parts, whole_parts };
  struct Token {
    Kind kind = Kind::byte;
    char byte = 0;
  };
  std::vector<Token> tokens_;
};

}  // namespace attune::store
