#include "reader/html_head.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "reader/flow_text.hpp"
#include "reader/html_content.hpp"
#include "reader/language_tag.hpp"

namespace attune::reader {
namespace {

constexpr std::size_t kCharsetWithin = 4096;  // bytes; browsers look at the first 1024
constexpr std::size_t kLongestValue = 2000;   // bytes

// <meta name or property> → key. The first that the page states wins.
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kMeta = {{
    {"description", "description"},
    {"og:description", "description"},
    {"author", "author"},
    {"article:author", "author"},
    {"dc.creator", "author"},
    {"keywords", "keywords"},
    {"date", "date"},
    {"dc.date", "date"},
    {"dcterms.created", "date"},
    {"article:published_time", "date"},
    {"last-modified", "modified"},
    {"article:modified_time", "modified"},
    {"dcterms.modified", "modified"},
    {"copyright", "copyright"},
}};

std::string lower(const char* text) {
  std::string result(text == nullptr ? "" : text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string text_inside(const GumboNode& node) {
  FlowText flow;
  const GumboVector& children = children_of(node);
  for (unsigned i = 0; i < children.length; ++i) {
    const auto& child = *static_cast<const GumboNode*>(children.data[i]);
    if (child.type == GUMBO_NODE_TEXT || child.type == GUMBO_NODE_WHITESPACE) flow.add(child.v.text.text);
  }
  return flow.take();
}

void read_meta(const GumboNode& node, ExtractedText& result) {
  const char* content = attribute(node, "content");
  if (content == nullptr) return;
  std::string name = lower(attribute(node, "name"));
  if (name.empty()) name = lower(attribute(node, "property"));
  if (name.empty()) name = lower(attribute(node, "http-equiv"));
  if (name == "content-language" && result.language.empty()) result.language = primary_language(content);
  if (name == "og:title" && result.title.empty()) result.title = as_flow(content);
  for (const auto& [from, to] : kMeta) {
    if (name != from) continue;
    const std::string value = as_flow(content);
    if (!value.empty() && value.size() <= kLongestValue) result.metadata.try_emplace(std::string(to), value);
  }
}

}  // namespace

void read_html_head(const GumboNode& root, ExtractedText& result) {
  for (const char* name : {"lang", "xml:lang"}) {
    const char* tag = attribute(root, name);
    if (tag != nullptr && result.language.empty()) result.language = primary_language(tag);
  }
  for_each_element(root, [&](const GumboNode& node) {
    const GumboTag tag = tag_of(node);
    if (tag == GUMBO_TAG_TITLE && result.title.empty() && node.v.element.tag_namespace == GUMBO_NAMESPACE_HTML) {
      result.title = text_inside(node);
    }
    if (tag == GUMBO_TAG_META) read_meta(node, result);
    if (tag == GUMBO_TAG_BODY && result.language.empty()) {
      const char* body_language = attribute(node, "lang");
      if (body_language != nullptr) result.language = primary_language(body_language);
    }
    return tag != GUMBO_TAG_BODY;
  });
}

std::string declared_charset(std::string_view bytes) {
  std::string head(bytes.substr(0, kCharsetWithin));
  std::ranges::transform(head, head.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const std::string_view key : {"charset=", "encoding="}) {
    auto at = head.find(key);
    if (at == std::string::npos) continue;
    at += key.size();
    while (at < head.size() && (head[at] == '"' || head[at] == '\'' || head[at] == ' ')) ++at;
    const auto end = head.find_first_of("\"' />;\r\n\t", at);
    if (end != std::string::npos && end > at) return head.substr(at, end - at);
  }
  return {};
}

}  // namespace attune::reader
