// How tests of terms read: only the texts, in order.
#pragma once

#include <string>
#include <vector>

#include "attune/text.hpp"

namespace attune::text {

using Texts = std::vector<std::string>;

inline Texts texts(const std::vector<Term>& terms) {
  Texts found;
  for (const Term& term : terms) found.push_back(term.text);
  return found;
}

}  // namespace attune::text
