#include <algorithm>
#include <array>

#include "reader/format.hpp"

namespace attune::reader {
namespace {

using Names = std::string_view;

}  // namespace

std::span<const Format> formats() {
  return {};
}

}  // namespace attune::reader
