// What a tokenizer file searches for in a text: a literal string or a regular expression.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"

#include "tokenizer/parted_text.hpp"

namespace attune {

class Pattern {
 public:
  virtual ~Pattern() = default;

  // Fail with bad_input: an empty or overlong pattern; an expression that does not compile, or whose meaning in the
  // reference's engine (Oniguruma) differs from the one here (ICU).
  static Result<std::unique_ptr<Pattern>> literal(std::string_view text);
  static Result<std::unique_ptr<Pattern>> expression(std::string_view text);

  // Matches and what lies between them, covering `text`. An expression that outgrows its memory on a text stops
  // matching there.
  [[nodiscard]] virtual std::vector<Stretch> find(std::span<const AlignedCharacter> text) const = 0;
};

}  // namespace attune
