#include "reader/docx_styles.hpp"

#include <array>

#include "reader/xml_text.hpp"

namespace attune::reader {
namespace {

constexpr int kDeepestBase = 32;  // of styles based on styles; also ends loops
constexpr int kDeepestHeading = 6;

// Word keeps "heading 1" in every language; other programs write what their user sees.
constexpr std::string_view kHeadingNames[] = {"heading", "标题",   "標題",      "überschrift", "Überschrift", "titre",
                                              "título",  "titolo", "заголовок", "Заголовок",   "見出し",      "제목",
                                              "kop",     "rubrik", "nagłówek",  "otsikko",     "overskrift"};
constexpr std::string_view kTitleNames[] = {"title", "文档标题", "titel"};
constexpr std::string_view kCodeNames[] = {"code",       "preformatted", "verbatim", "listing",
                                           "macro text", "代码",         "程式碼"};
constexpr std::string_view kQuoteNames[] = {"quot", "block text", "引用", "zitat", "citation"};
constexpr std::string_view kContentsNames[] = {"toc ", "toc1", "toc2", "toc3", "tocheading", "目录 ", "目錄 "};

std::string normalised(std::string_view name) {
  std::string lower = one_line(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (c == '_' || c == '-') c = ' ';
  }
  return lower;
}

template <std::size_t N>
bool begins_with_any(std::string_view name, const std::string_view (&starts)[N]) {
  for (const std::string_view start : starts) {
    if (name.starts_with(start)) return true;
  }
  return false;
}

template <std::size_t N>
bool holds_any(std::string_view name, const std::string_view (&words)[N]) {
  for (const std::string_view word : words) {
    if (name.find(word) != std::string_view::npos) return true;
  }
  return false;
}

// 1 … 6 for "heading 3", "Heading3", "标题 3"; 0 for any other name.
int heading_level(std::string_view name) {
  for (const std::string_view word : kHeadingNames) {
    if (!name.starts_with(word)) continue;
    std::string_view rest = name.substr(word.size());
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    // "Heading 1 Char" is a style for characters, "Heading 1 numbered" a person's variant: both are headings.
    if (rest.empty() || rest[0] < '1' || rest[0] > '9') continue;
    if (rest.size() > 1 && rest[1] >= '0' && rest[1] <= '9') return kDeepestHeading;
    return std::min(rest[0] - '0', kDeepestHeading);
  }
  return 0;
}

}  // namespace

DocxStyle style_by_name(std::string_view raw_name) {
  const std::string name = normalised(raw_name);
  if (begins_with_any(name, kContentsNames)) return {DocxRole::contents};
  if (const int level = heading_level(name); level > 0) return {DocxRole::heading, level};
  for (const std::string_view title : kTitleNames) {
    if (name == title) return {DocxRole::title, 1};
  }
  if (holds_any(name, kCodeNames)) return {DocxRole::code};
  if (holds_any(name, kQuoteNames)) return {DocxRole::quote};
  return {};
}

DocxStyles::DocxStyles(const pugi::xml_node& root) {
  std::map<std::string, pugi::xml_node, std::less<>> nodes;
  for (const pugi::xml_node& style : root.children()) {
    if (local_name(style) != "style" || value(style, "type") != "paragraph") continue;
    nodes.emplace(value(style, "styleId"), style);
    if (value(style, "default") == "1") default_id_ = value(style, "styleId");
  }
  for (const auto& [id, own] : nodes) {
    DocxStyle style;
    pugi::xml_node node = own;
    for (int depth = 0; node && depth < kDeepestBase; ++depth) {
      const pugi::xml_node properties = child(node, "pPr");
      const DocxStyle named = style_by_name(child_val(node, "name"));
      const int outline = int_value(child_val(properties, "outlineLvl"), -1);
      if (style.role == DocxRole::body) {
        if (named.role != DocxRole::body) {
          style.role = named.role;
          style.level = named.level;
        } else if (outline >= 0 && outline < 9) {
          style.role = DocxRole::heading;
          style.level = std::min(outline + 1, kDeepestHeading);
        }
      }
      style.list = style.list || child(properties, "numPr");
      const auto base = nodes.find(child_val(node, "basedOn"));
      node = base == nodes.end() ? pugi::xml_node() : base->second;
    }
    styles_.emplace(id, style);
  }
}

DocxStyle DocxStyles::find(std::string_view id) const {
  if (id.empty()) id = default_id_;
  if (const auto found = styles_.find(id); found != styles_.end()) return found->second;
  return style_by_name(id);
}

}  // namespace attune::reader
