// Routes: what the server answers, one file for each subject. To add one: write its function in a routes_*.cpp, add a
// line to that file's add_*_routes, its schemas to schemas/, and a test.
#pragma once

#include <filesystem>
#include <vector>

#include "attune/pipeline.hpp"
#include "attune/server.hpp"

#include "server/indexer.hpp"
#include "server/router.hpp"

namespace attune::server {

// What routes work on. Outlives the router.
struct Services {
  Workspace& workspace;
  Indexer& indexer;
  const ServeOptions& options;
  std::vector<std::filesystem::path> roots;  // canonical
};

void add_search_routes(Router& router, const Services& services);    // /v1/search
void add_document_routes(Router& router, const Services& services);  // /v1/documents, /v1/collections
void add_index_routes(Router& router, const Services& services);     // /v1/index, /v1/jobs
void add_status_routes(Router& router, const Services& services);    // /v1/status, /healthz, /readyz
void add_page_routes(Router& router);                                // /, its files, /openapi.json (last: lists all)

// Counts under the model that serves now.
Result<StoreCounts> current_counts(const Workspace& workspace);

}  // namespace attune::server
