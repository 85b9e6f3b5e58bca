#include "store/glob.hpp"

#include <cstddef>

namespace attune::store {

namespace {

// Bytes of one UTF-8 character after the first.
bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '?') {
      tokens_.push_back({.kind = Kind::character});
    } else if (pattern[at] != '*') {
      tokens_.push_back({.kind = Kind::byte, .byte = pattern[at]});
    } else if (at + 1 == pattern.size() || pattern[at + 1] != '*') {
      tokens_.push_back({.kind = Kind::within_part});
    } else {
      const bool starts_part = at == 0 || pattern[at - 1] == '/';
      while (at + 1 < pattern.size() && pattern[at + 1] == '*') ++at;
      const bool ends_part = at + 1 < pattern.size() && pattern[at + 1] == '/';
      if (starts_part && ends_part) {
        tokens_.push_back({.kind = Kind::whole_parts});
        ++at;
      } else {
        tokens_.push_back({.kind = Kind::across_parts});
      }
    }
  }
}

bool Glob::matches(std::string_view path) const {
  // live[t]: the path up to here can be spelled by the tokens before t.
  std::vector<bool> live(tokens_.size() + 1, false);
  std::vector<bool> next(tokens_.size() + 1, false);
  // Stars may stand for nothing.
  const auto skip_stars = [this](std::vector<bool>& states) {
    for (std::size_t t = 0; t < tokens_.size(); ++t) {
      if (states[t] && tokens_[t].kind >= Kind::within_part) states[t + 1] = true;
    }
  };
  live[0] = true;
  skip_stars(live);
  for (std::size_t at = 0; at < path.size(); ++at) {
    const char byte = path[at];
    const bool inside_character = is_continuation(byte);
    next.assign(next.size(), false);
    bool any = false;
    for (std::size_t t = 0; t <= tokens_.size(); ++t) {
      if (!live[t]) continue;
      if (inside_character && t > 0 && tokens_[t - 1].kind == Kind::character) {
        next[t] = true;  // '?' took the first byte of this character
        any = true;
      }
      if (t == tokens_.size()) continue;
      switch (tokens_[t].kind) {
        case Kind::byte:
          if (byte == tokens_[t].byte) next[t + 1] = true;
          break;
        case Kind::character:
          if (byte != '/' && !inside_character) next[t + 1] = true;
          break;
        case Kind::within_part:
          if (byte != '/') next[t] = true;
          break;
        case Kind::across_parts:
          next[t] = true;
          break;
        case Kind::whole_parts:
          // Goes on from the start of any later part: the state behind it is entered after '/' only.
          next[t] = true;
          break;
      }
      any = any || next[t] || next[t + 1];
    }
    if (!any) return false;
    for (std::size_t t = 0; t < tokens_.size(); ++t) {
      if (!next[t]) continue;
      const Kind kind = tokens_[t].kind;
      if (kind == Kind::within_part || kind == Kind::across_parts || (kind == Kind::whole_parts && byte == '/')) {
        next[t + 1] = true;
      }
    }
    live.swap(next);
  }
  return live[tokens_.size()];
}

}  // namespace attune::store
