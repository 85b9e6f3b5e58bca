// XML parts of office documents: parsing within bounds, and finding elements whatever prefix their namespace got.
//
// pugixml parses and frees without recursion and resolves no entity but the five that XML defines, so what is left to
// bound is the size, the number of elements and the depth that our own recursive walks will meet.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "attune/core/result.hpp"

#include "reader/archive.hpp"

namespace attune::reader {

// A parsed part. Movable; nodes stay valid while it lives.
using XmlPart = std::unique_ptr<pugi::xml_document>;

// Fails with bad_input (not well-formed) or too_large (bytes, elements or nesting past the bounds).
Result<XmlPart> parse_xml(std::string_view bytes, const ReadOptions& options);

// The member, unpacked and parsed. Fails like Archive::read and parse_xml, with the member's name in front.
Result<XmlPart> read_xml(Archive& archive, std::string_view name, const ReadOptions& options);

// "p" for <w:p>.
std::string_view local_name(const char* name);
inline std::string_view local_name(const pugi::xml_node& node) {
  return local_name(node.name());
}

// The first child element, or the attribute, of that local name; null if there is none.
pugi::xml_node child(const pugi::xml_node& node, std::string_view name);
pugi::xml_attribute attribute(const pugi::xml_node& node, std::string_view name);
// The attribute's value, "" if there is none.
std::string_view value(const pugi::xml_node& node, std::string_view name);
// The value of the child's attribute "val", as WordprocessingML writes it: <w:pStyle w:val="Title"/>.
std::string_view child_val(const pugi::xml_node& node, std::string_view name);
// A number that an attribute holds; `otherwise` where it holds none.
int int_value(std::string_view text, int otherwise);
// WordprocessingML's switches: present without a value, "1", "true" or "on" is on.
bool is_on(const pugi::xml_node& node, std::string_view name);

// All character data below `node`, as valid UTF-8 on one line.
std::string text_below(const pugi::xml_node& node);

// The node's own character data with the spaces at its ends kept, line ends and tabs as spaces.
std::string text_with_ends(const pugi::xml_node& node);

// Valid UTF-8 with runs of white space turned into one space, none at the ends.
std::string one_line(std::string_view text);

// Of <mc:AlternateContent>, which holds the same thing twice for newer and older programs, the one branch to read.
pugi::xml_node preferred_branch(const pugi::xml_node& alternate_content);

}  // namespace attune::reader
