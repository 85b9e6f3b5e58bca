// What a re-index has to do, decided from what the folder holds and what the store knows, before any file is read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/reader.hpp"
#include "attune/store.hpp"

namespace attune::pipeline {

struct IngestPlan {
  std::vector<ScannedFile> to_read;    // new, touched, or made by other versions
  std::vector<DocumentStamp> missing;  // stored, but their file is gone: renamed or to be removed
  std::uint64_t unchanged = 0;
};

// A file is unchanged when its size and time are the stored ones and the same versions made it. A document whose file
// could not be seen this time (its folder was unreadable) is neither missing nor unchanged: it stays.
IngestPlan plan_ingest(const Scan& scan, const std::vector<DocumentStamp>& stamps, std::string_view made_by);

// A name for a new collection of `root`: the folder's own, with its parents' in front while another collection has it.
// The name of the collection that already has this root, if one has.
std::string collection_name_for(const std::vector<Collection>& existing, const std::string& root);

}  // namespace attune::pipeline
