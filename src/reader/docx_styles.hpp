// What the paragraph styles of a DOCX file mean: headings, code, quotations, lists, tables of contents.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <pugixml.hpp>

namespace attune::reader {

enum class DocxRole { body, title, heading, code, quote, contents };

struct DocxStyle {
  DocxRole role = DocxRole::body;
  int level = 0;      // of a heading
  bool list = false;  // carries bullets or numbers
};

class DocxStyles {
 public:
  DocxStyles() = default;
  // `root` is <w:styles>. A style takes what it does not say from the one that it is based on.
  explicit DocxStyles(const pugi::xml_node& root);

  // The style that <w:pStyle> names. Ids without a definition are read as names ("Heading2").
  [[nodiscard]] DocxStyle find(std::string_view id) const;

 private:
  std::map<std::string, DocxStyle, std::less<>> styles_;
  std::string default_id_;
};

// The role that a style's name tells, in the languages whose programs translate it. ODT uses it as well.
DocxStyle style_by_name(std::string_view name);

}  // namespace attune::reader
