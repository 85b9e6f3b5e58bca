// MIME: the parts of a message and how they are wrapped.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"

namespace attune::reader {

// A header field's value and its parameters: "text/plain; charset=utf-8". Both in lower case except parameter values.
struct FieldValue {
  std::string value;
  std::map<std::string, std::string> parameters;
};

struct MimePart {
  std::map<std::string, std::string> fields;  // names in lower case; unfolded; the first of each name
  FieldValue type;                            // of the content; text/plain where none is stated
  std::string body;                           // decoded bytes, for parts without children
  std::vector<MimePart> children;
  bool complete = true;  // false: a multipart that is never closed

  [[nodiscard]] std::string field(const std::string& name) const;
  [[nodiscard]] std::string file_name() const;  // of an attachment, "" if it has none
  [[nodiscard]] bool is_attachment() const;
};

// Takes a message apart. Fails with bad_input when it has no header, or parts are nested deeper than `max_nesting`.
Result<MimePart> parse_mime(std::string_view bytes, int max_nesting);

// "=?UTF-8?B?…?=" and its like in a header as UTF-8.
std::string decode_encoded_words(std::string_view header);

}  // namespace attune::reader
