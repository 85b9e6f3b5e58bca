#include "reader/xml_text.hpp"

#include <algorithm>
#include <charconv>

#include "attune/text.hpp"

namespace attune::reader {
namespace {

// Memory is about 100 bytes per element or attribute; a sheet of a million cells stays below.
constexpr std::ptrdiff_t kMaxElements = 12'000'000;
constexpr std::size_t kMaxXmlBytes = 256U << 20U;

// "gb18030" of <?xml version="1.0" encoding="gb18030"?>; "" where nothing is declared.
std::string_view declared_encoding(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, bytes.substr(0, 200).find("?>"));
  const auto key = head.find("encoding");
  if (!head.starts_with("<?xml") || key == std::string_view::npos) return {};
  const auto open = head.find_first_of("\"'", key);
  if (open == std::string_view::npos) return {};
  const auto close = head.find(head[open], open + 1);
  return close == std::string_view::npos ? std::string_view() : head.substr(open + 1, close - open - 1);
}

bool is_deeper_than(const pugi::xml_node& root, int limit) {
  int depth = 1;
  for (pugi::xml_node node = root.first_child(); node;) {
    if (pugi::xml_node first = node.first_child()) {
      if (++depth > limit) return true;
      node = first;
      continue;
    }
    while (node && !node.next_sibling()) {
      node = node.parent();
      --depth;
      if (node == root) return false;
    }
    node = node.next_sibling();
  }
  return false;
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace

Result<XmlPart> parse_xml(std::string_view bytes, const ReadOptions& options) {
  if (bytes.size() > kMaxXmlBytes) return Error{ErrorKind::too_large, "the XML is larger than 256 MiB"};
  std::string decoded;
  if (!text::is_valid_utf8(bytes) || bytes.find('\0') != std::string_view::npos) {
    Result<text::Decoded> result = text::decode(bytes, declared_encoding(bytes));
    if (!result) return result.error();
    decoded = std::move(result->utf8);
    bytes = decoded;
  }
  if (std::ranges::count(bytes, '<') + std::ranges::count(bytes, '=') > kMaxElements) {
    return Error{ErrorKind::too_large, "the XML has more than " + std::to_string(kMaxElements) + " elements"};
  }
  auto part = std::make_unique<pugi::xml_document>();
  // White space between runs is text: "<w:t> </w:t>" separates words.
  const pugi::xml_parse_result parsed =
      part->load_buffer(bytes.data(), bytes.size(), pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
  if (!parsed) {
    return Error{ErrorKind::bad_input, std::string("the XML is broken at byte ") + std::to_string(parsed.offset) +
                                           ": " + parsed.description()};
  }
  if (is_deeper_than(*part, options.max_nesting)) {
    return Error{ErrorKind::too_large,
                 "elements are nested more than " + std::to_string(options.max_nesting) + " deep"};
  }
  return part;
}

Result<XmlPart> read_xml(Archive& archive, std::string_view name, const ReadOptions& options) {
  const Result<std::string> bytes = archive.read(name);
  if (!bytes) return bytes.error();
  Result<XmlPart> part = parse_xml(*bytes, options);
  if (!part) return part.error().while_doing("'" + std::string(name) + "'");
  return part;
}

std::string_view local_name(const char* name) {
  const std::string_view whole = name;
  return whole.substr(whole.find(':') + 1);  // npos + 1 is 0: no prefix
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  return node.find_child([&](const pugi::xml_node& each) { return local_name(each) == name; });
}

pugi::xml_attribute attribute(const pugi::xml_node& node, std::string_view name) {
  return node.find_attribute([&](const pugi::xml_attribute& each) { return local_name(each.name()) == name; });
}

std::string_view value(const pugi::xml_node& node, std::string_view name) {
  return attribute(node, name).value();
}

std::string_view child_val(const pugi::xml_node& node, std::string_view name) {
  return value(child(node, name), "val");
}

int int_value(std::string_view text, int otherwise) {
  int number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

bool is_on(const pugi::xml_node& node, std::string_view name) {
  const pugi::xml_node found = child(node, name);
  if (!found) return false;
  const std::string_view val = value(found, "val");
  return val != "0" && val != "false" && val != "off";
}

std::string text_below(const pugi::xml_node& node) {
  std::string text;
  for (pugi::xml_node each = node; each;) {
    text += each.value();
    pugi::xml_node next = each.first_child();
    while (!next && each != node) {
      next = each.next_sibling();
      if (!next) each = each.parent();
    }
    each = next;
  }
  return one_line(text);
}

std::string text_with_ends(const pugi::xml_node& node) {
  std::string text = node.text().get();
  std::ranges::replace_if(
      text, [](char c) { return c >= '\t' && c <= '\r'; }, ' ');
  return text;
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (is_space(c)) {
      if (!line.empty() && line.back() != ' ') line += ' ';
    } else {
      line += c;
    }
  }
  if (line.ends_with(' ')) line.pop_back();
  return text::is_valid_utf8(line) ? line : text::to_valid_utf8(line);
}

pugi::xml_node preferred_branch(const pugi::xml_node& alternate_content) {
  const pugi::xml_node choice = child(alternate_content, "Choice");
  return choice ? choice : child(alternate_content, "Fallback");
}

}  // namespace attune::reader
