// Schema: does this JSON value have the shape that a file in schemas/ describes? The part of JSON Schema 2020-12 that
// those files use: type, const, enum, properties, required, additionalProperties (false or a schema), minProperties,
// maxProperties, items, minItems, maxItems, minimum, maximum, minLength, maxLength (code points), oneOf. Other keywords
// are refused by check_schema, so that none is believed to hold and does not.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "attune/core/result.hpp"

namespace attune::server {

// The first fault of a value.
struct SchemaFault {
  std::string pointer;  // RFC 6901, "" for the whole value
  std::string message;  // "must be at most 100"
};

std::optional<SchemaFault> find_fault(const nlohmann::json& schema, const nlohmann::json& value);

// Fails with bad_input when the schema uses a keyword that find_fault does not know.
Status check_schema(const nlohmann::json& schema);

// The JSON value in `text`. Fails with bad_input: nesting over `max_nesting`, malformed (says the byte), not UTF-8.
Result<nlohmann::json> parse_json(std::string_view text, int max_nesting = 32);

}  // namespace attune::server
