// Assets: the files of web/ and schemas/ as they were when the program was built (see embed_files.cmake).
#pragma once

#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace attune::server {

struct Asset {
  std::string_view path;  // "web/index.html", "schemas/error.schema.json"
  std::string_view content;
};

const std::vector<Asset>& assets();

// The parsed schema of that file name in schemas/, made once; null when there is none.
const nlohmann::json& schema_named(std::string_view name);

}  // namespace attune::server
