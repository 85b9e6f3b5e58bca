// Unfinished jobs as they are kept in the database over a restart.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attune/pipeline.hpp"

namespace attune::server {

// "" when there are none.
std::string unfinished_to_json(const std::vector<IngestRequest>& requests);
// What cannot be read is left out.
std::vector<IngestRequest> unfinished_from_json(std::string_view text);

}  // namespace attune::server
