#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "attune/text.hpp"

namespace attune::text {
namespace {

std::vector<std::string> texts(const std::vector<Term>& terms) {
  std::vector<std::string> found;
  for (const Term& term : terms) found.push_back(term.text);
  return found;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("terms: an English question is asked by the stems of what it is about") {
  CHECK(texts(query_terms("How do I configure a static IP address?")) == Words{"configur", "static", "ip", "address"});
}

}  // namespace attune::text
