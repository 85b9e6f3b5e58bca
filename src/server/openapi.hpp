// The OpenAPI 3.1 description of a table of routes, with the files of schemas/ as they are.
#pragma once

#include <string>
#include <vector>

#include "server/router.hpp"

namespace attune::server {

std::string openapi_document(const std::vector<Route>& routes);

}  // namespace attune::server
