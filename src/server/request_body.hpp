// Request bodies: from bytes, or from a query string, to JSON that fits its schema.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "attune/data/query.hpp"

#include "server/http.hpp"
#include "server/router.hpp"

namespace attune::server {

// 400 with the pointer of the first fault, or nothing when `body` fits the schema of that name.
std::optional<Response> body_fault(std::string_view schema_name, const nlohmann::json& body);

// HttpServer::BodyCheck over the embedded schemas.
std::optional<Response> check_body(const Route& route, const std::string& body);

// A query string in the shape of a body: "q" is the query, filters are collection=, path=, language=, format=, each
// any number of times; numbers and truth values where they read as such. Unknown names stay and will not fit.
nlohmann::json body_from_query(const Request& request);

// The "filters" of a body that fits its schema.
Filters filters_from(const nlohmann::json& body);

std::string dump(const nlohmann::json& value);
Response json_response(const nlohmann::json& value, unsigned status = 200);

}  // namespace attune::server
