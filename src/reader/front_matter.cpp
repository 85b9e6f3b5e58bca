#include "reader/front_matter.hpp"

#include <algorithm>
#include <cctype>

#include "reader/source_lines.hpp"

namespace attune::reader {
namespace {

constexpr int kMostLines = 500;  // a longer block is no front matter but a document that begins with a ruler

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view unquoted(std::string_view text) {
  text = trimmed(text);
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// "[a, 'b, c', d]" → "a, b, c, d"; anything else loses only its quotes.
std::string value_of(std::string_view text) {
  text = trimmed(text);
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::string(unquoted(text));
  text = text.substr(1, text.size() - 2);
  std::string joined;
  std::string item;
  char quote = 0;
  const auto close_item = [&] {
    const std::string_view value = unquoted(item);
    if (!value.empty()) joined.append(joined.empty() ? "" : ", ").append(value);
    item.clear();
  };
  for (const char c : text) {
    if (quote == 0 && c == ',') {
      close_item();
      continue;
    }
    if (c == '"' || c == '\'') quote = quote == 0 ? c : quote == c ? '\0' : quote;
    item += c;
  }
  close_item();
  return joined;
}

std::string key_of(std::string_view text) {
  std::string key(unquoted(text));
  std::ranges::transform(key, key.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return key;
}

bool is_key(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == ' ' || c == '"' || c >= 0x80;
  });
}

}  // namespace

FrontMatter parse_front_matter(std::string_view text) {
  SourceLines lines(text);
  if (!lines.next()) return {};
  const std::string fence(trimmed(lines.text()));
  if ((fence != "---" && fence != "+++") || lines.text().starts_with(' ')) return {};
  const char separator = fence == "---" ? ':' : '=';
  FrontMatter result;
  std::string key;  // of the line above, for items and continuations below it
  while (lines.next() && lines.number() <= kMostLines) {
    const std::string_view line = trimmed(lines.text());
    if (line == fence || (separator == ':' && line == "...")) {
      result.body_start = std::min(lines.end() + 1, text.size());
      result.lines = lines.number();
      std::erase_if(result.values, [](const auto& pair) { return pair.second.empty(); });
      return result;
    }
    if (line.empty() || line.front() == '#' || line.front() == '[') continue;
    const auto at = line.find(separator);
    const bool indented = lines.text().front() == ' ' || lines.text().front() == '\t';
    const bool item = line.starts_with("- ") || line == "-";
    if (!item && !indented && at != std::string_view::npos && is_key(line.substr(0, at))) {
      key = key_of(line.substr(0, at));
      const std::string_view value = trimmed(line.substr(at + 1));
      // "|" and ">" announce lines below.
      result.values[key] = value.size() <= 2 && value.find_first_not_of("|>-+") == std::string_view::npos
                               ? std::string()
                               : value_of(value);
      continue;
    }
    if (key.empty()) return {};  // the first line says that this is prose between two rulers
    std::string& value = result.values[key];
    const std::string more = value_of(item ? line.substr(1) : line);
    if (!more.empty()) value.append(value.empty() ? "" : item ? ", " : " ").append(more);
  }
  return {};  // never closed
}

}  // namespace attune::reader
