// Check: does the file hold what invariant 1 promises?
#pragma once

#include <string>
#include <vector>

#include "store/sqlite.hpp"

namespace attune::store {

// SQLite's own checks and ours, on one snapshot. One sentence for each fault, at most a few dozen of a kind.
std::vector<std::string> check_consistency(Connection& connection);

// FTS5's own check of its index against the terms. Needs a connection that may write, though it changes nothing.
std::vector<std::string> check_postings_index(Connection& writer);

}  // namespace attune::store
