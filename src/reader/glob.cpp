// Globs over relative paths, as .gitignore knows them.
#include <string_view>

#include "attune/reader.hpp"

namespace attune {
namespace {

constexpr auto kNone = std::string_view::npos;

std::size_t code_point_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

// Compares one byte of `path` with the class "[…]" at `at`; sets `end` to one past the class. A class that is never
// closed is an ordinary '['.
bool class_matches(std::string_view glob, std::size_t at, char c, std::size_t& end) {
  std::size_t i = at + 1;
  const bool negated = i < glob.size() && (glob[i] == '!' || glob[i] == '^');
  if (negated) ++i;
  bool inside = false;
  for (bool first = true; i < glob.size() && (first || glob[i] != ']'); first = false) {
    if (glob[i] == '\\' && i + 1 < glob.size()) ++i;
    const auto low = static_cast<unsigned char>(glob[i++]);
    auto high = low;
    if (i + 1 < glob.size() && glob[i] == '-' && glob[i + 1] != ']') {
      high = static_cast<unsigned char>(glob[i + 1]);
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    inside = inside || (low <= byte && byte <= high);
  }
  if (i >= glob.size()) {
    end = at + 1;
    return c == '[';
  }
  end = i + 1;
  return inside != negated && c != '/';
}

// "**" counts as crossing folders only where it stands for whole parts of the path: "**/x", "x/**/y", "x/**".
bool is_globstar(std::string_view glob, std::size_t at) {
  if (glob.substr(at, 2) != "**") return false;
  const bool starts_part = at == 0 || glob[at - 1] == '/';
  return starts_part && (at + 2 == glob.size() || glob[at + 2] == '/');
}

// One step of matching that is not a star: advances both positions.
bool step(std::string_view glob, std::size_t& g, std::string_view path, std::size_t& p) {
  const char want = glob[g];
  if (want == '?') {
    if (path[p] == '/') return false;
    ++g;
    p += code_point_length(path[p]);
    return true;
  }
  if (want == '[') {
    std::size_t end = 0;
    if (!class_matches(glob, g, path[p], end)) return false;
    g = end;
    ++p;
    return true;
  }
  const std::size_t escaped = want == '\\' && g + 1 < glob.size() ? 1 : 0;
  if (glob[g + escaped] != path[p]) return false;
  g += 1 + escaped;
  ++p;
  return true;
}

}  // namespace

// Only the last star of each kind has to be tried again with more: whatever an earlier one could take, a later one can.
// So the time is bounded by the product of the lengths, whatever the glob.
bool glob_matches(std::string_view glob, std::string_view path) {
  std::size_t g = 0;
  std::size_t p = 0;
  std::size_t star_g = kNone;  // behind the last '*', and where it stopped taking
  std::size_t star_p = 0;
  std::size_t deep_g = kNone;  // behind the last "**/", and the part of the path where it stopped
  std::size_t deep_p = 0;
  for (;;) {
    if (g < glob.size() && is_globstar(glob, g)) {
      if (g + 2 == glob.size()) return p < path.size();
      g += 3;
      deep_g = g;
      deep_p = p;
      star_g = kNone;
      continue;
    }
    if (g < glob.size() && glob[g] == '*') {
      star_g = ++g;
      star_p = p;
      continue;
    }
    if (p == path.size() && g == glob.size()) return true;
    if (p < path.size() && g < glob.size() && step(glob, g, path, p)) {
      if (p > path.size()) p = path.size();
      continue;
    }
    if (star_g != kNone && star_p < path.size() && path[star_p] != '/') {
      p = ++star_p;
      g = star_g;
      continue;
    }
    if (deep_g == kNone) return false;
    const auto slash = path.find('/', deep_p);
    if (slash == kNone) return false;
    p = deep_p = slash + 1;
    g = deep_g;
    star_g = kNone;
  }
}

}  // namespace attune
