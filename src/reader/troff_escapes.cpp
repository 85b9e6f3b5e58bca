#include "reader/troff_escapes.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace attune::reader {
namespace {

using Glyph = std::pair<std::string_view, std::string_view>;

// groff_char(7), as far as manual pages use it.
constexpr std::array kGlyphs = {
    Glyph{"bu", "•"}, Glyph{"em", "—"},  Glyph{"en", "–"},  Glyph{"hy", "-"},  Glyph{"lq", "“"},  Glyph{"rq", "”"},
    Glyph{"oq", "‘"}, Glyph{"cq", "’"},  Glyph{"aq", "'"},  Glyph{"dq", "\""}, Glyph{"Bq", "„"},  Glyph{"bq", "‚"},
    Glyph{"Fo", "«"}, Glyph{"Fc", "»"},  Glyph{"ga", "`"},  Glyph{"ha", "^"},  Glyph{"ti", "~"},  Glyph{"rs", "\\"},
    Glyph{"co", "©"}, Glyph{"rg", "®"},  Glyph{"tm", "™"},  Glyph{"de", "°"},  Glyph{"mu", "×"},  Glyph{"di", "÷"},
    Glyph{"+-", "±"}, Glyph{"<=", "≤"},  Glyph{">=", "≥"},  Glyph{"!=", "≠"},  Glyph{"->", "→"},  Glyph{"<-", "←"},
    Glyph{"ua", "↑"}, Glyph{"da", "↓"},  Glyph{"rA", "⇒"},  Glyph{"lA", "⇐"},  Glyph{"if", "∞"},  Glyph{"sr", "√"},
    Glyph{"*a", "α"}, Glyph{"*b", "β"},  Glyph{"*m", "μ"},  Glyph{"*p", "π"},  Glyph{"mc", "µ"},  Glyph{"12", "½"},
    Glyph{"14", "¼"}, Glyph{"34", "¾"},  Glyph{"Eu", "€"},  Glyph{"Po", "£"},  Glyph{"Ye", "¥"},  Glyph{"ct", "¢"},
    Glyph{"sc", "§"}, Glyph{"ps", "¶"},  Glyph{"dg", "†"},  Glyph{"dd", "‡"},  Glyph{"sq", "□"},  Glyph{"ci", "○"},
    Glyph{"lB", "["}, Glyph{"rB", "]"},  Glyph{"lC", "{"},  Glyph{"rC", "}"},  Glyph{"la", "⟨"},  Glyph{"ra", "⟩"},
    Glyph{"at", "@"}, Glyph{"sh", "#"},  Glyph{"Do", "$"},  Glyph{"sl", "/"},  Glyph{"or", "|"},  Glyph{"ba", "|"},
    Glyph{"ul", "_"}, Glyph{"pl", "+"},  Glyph{"mi", "−"},  Glyph{"eq", "="},  Glyph{"**", "*"},  Glyph{"...", "…"},
    Glyph{"'a", "á"}, Glyph{"'e", "é"},  Glyph{"'i", "í"},  Glyph{"'o", "ó"},  Glyph{"'u", "ú"},  Glyph{"`a", "à"},
    Glyph{"`e", "è"}, Glyph{":a", "ä"},  Glyph{":o", "ö"},  Glyph{":u", "ü"},  Glyph{":A", "Ä"},  Glyph{":O", "Ö"},
    Glyph{":U", "Ü"}, Glyph{"ss", "ß"},  Glyph{",c", "ç"},  Glyph{"~n", "ñ"},  Glyph{"oa", "å"},  Glyph{"/o", "ø"},
    Glyph{"^e", "ê"}, Glyph{"^o", "ô"},  Glyph{"R", "®"},   Glyph{"Tm", "™"},  Glyph{"Aq", "'"},  Glyph{"C+", "C++"},
    Glyph{"--", "—"}, Glyph{"L\"", "“"}, Glyph{"R\"", "”"}, Glyph{"C`", "\""}, Glyph{"C'", "\""}, Glyph{"PI", "π"},
};

std::string utf8_of(unsigned long code) {
  std::string result;
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return "\xEF\xBF\xBD";
  const auto add = [&](unsigned long byte) { result += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | (code >> 6U));
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | (code >> 12U));
    add(0x80 | ((code >> 6U) & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | (code >> 18U));
    add(0x80 | ((code >> 12U) & 0x3F));
    add(0x80 | ((code >> 6U) & 0x3F));
    add(0x80 | (code & 0x3F));
  }
  return result;
}

// What the named glyph or string looks like; "" when it is unknown.
std::string glyph(std::string_view name) {
  const auto found = std::ranges::find(kGlyphs, name, &Glyph::first);
  if (found != kGlyphs.end()) return std::string(found->second);
  const bool unicode = name.size() >= 5 && name.front() == 'u';
  const bool numbered = name.starts_with("char");
  if (!unicode && !numbered) return {};
  const std::string_view digits = name.substr(unicode ? 1 : 4);
  unsigned long code = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), code, unicode ? 16 : 10);
  return end.ec == std::errc() ? utf8_of(code) : std::string();
}

// The name at the head of `text` in one of its forms "x", "(xx", "[any]"; taken off.
std::string_view take_name(std::string_view& text) {
  std::string_view name;
  std::size_t length = 1;
  if (text.starts_with('(')) {
    name = text.substr(1, 2);
    length = 3;
  } else if (text.starts_with('[')) {
    const auto end = std::min(text.find(']'), text.size());
    name = text.substr(1, end - 1);
    length = end + 1;
  } else {
    name = text.substr(0, 1);
  }
  text.remove_prefix(std::min(length, text.size()));
  return name;
}

// The argument between two equal delimiters, as in \h'1i'; taken off.
std::string_view take_delimited(std::string_view& text) {
  if (text.empty()) return {};
  const auto end = std::min(text.find(text.front(), 1), text.size());
  const std::string_view inside = text.substr(1, end - 1);
  text.remove_prefix(std::min(end + 1, text.size()));
  return inside;
}

// Replaces the escape whose letter stands at the head of `rest`. False when the rest of the line is a comment.
bool replace_escape(std::string_view& rest, std::string& result) {
  const char letter = rest.front();
  rest.remove_prefix(1);
  switch (letter) {
    case '"':
    case '#':
      return false;
    case '(':
    case '[': {
      rest = std::string_view(rest.data() - 1, rest.size() + 1);
      result += glyph(take_name(rest));
      break;
    }
    case '*':
      result += glyph(take_name(rest));
      break;
    case 'f':
    case 'F':
    case 'g':
    case 'k':
    case 'm':
    case 'M':
    case 'n':
    case 'V':
    case 'Y':
      if (letter == 'n' && (rest.starts_with('+') || rest.starts_with('-'))) rest.remove_prefix(1);
      take_name(rest);
      break;
    case 's': {  // \s-2, \s+2, \s(12, \s0
      const bool is_signed = rest.starts_with('+') || rest.starts_with('-');
      if (is_signed) rest.remove_prefix(1);
      take_name(rest);
      break;
    }
    case 'b':
    case 'C':
    case 'h':
    case 'l':
    case 'L':
    case 'o':
    case 'v':
    case 'w':
    case 'x':
    case 'X':
    case 'D':
    case 'H':
    case 'S':
    case 'Z': {
      const std::string_view inside = take_delimited(rest);
      if (letter == 'C') result += glyph(inside);
      if (letter == 'Z' || letter == 'o') result += inside;
      break;
    }
    case 'N':
      result += glyph("char" + std::string(take_delimited(rest)));
      break;
    case 'e':
    case '\\':
      result += '\\';
      break;
    case '-':
    case '.':
    case '\'':
    case '`':
    case '_':
      result += letter;
      break;
    case ' ':
    case '~':
    case '0':
      result += ' ';
      break;
    case 't':
      result += '\t';
      break;
    case '&':
    case '|':
    case '^':
    case '/':
    case ',':
    case ')':
    case '%':
    case ':':
    case 'c':
    case 'd':
    case 'u':
    case 'p':
    case 'r':
    case 'z':
    case '{':
    case '}':
      break;  // where the line may be broken, and how high it stands
    default:
      result += letter;
  }
  return true;
}

}  // namespace

std::string without_escapes(std::string_view line) {
  std::string result;
  while (!line.empty()) {
    const auto at = std::min(line.find('\\'), line.size());
    result += line.substr(0, at);
    line.remove_prefix(at);
    if (line.size() < 2) break;
    line.remove_prefix(1);
    if (!replace_escape(line, result)) break;
  }
  return result;
}

std::vector<std::string> troff_arguments(std::string_view text) {
  std::vector<std::string> arguments;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text[at] == ' ' || text[at] == '\t') {
      ++at;
      continue;
    }
    if (text.substr(at, 2) == "\\\"") break;  // a comment
    std::string raw;
    if (text[at] == '"') {
      for (++at; at < text.size(); ++at) {
        if (text[at] == '"') {
          if (at + 1 >= text.size() || text[at + 1] != '"') break;
          ++at;
        }
        raw += text[at];
      }
      ++at;
    } else {
      for (; at < text.size() && text[at] != ' ' && text[at] != '\t'; ++at) {
        raw += text[at];
        // "\ " does not end an argument.
        if (text[at] == '\\' && at + 1 < text.size()) raw += text[++at];
      }
    }
    arguments.push_back(without_escapes(raw));
  }
  return arguments;
}

}  // namespace attune::reader
