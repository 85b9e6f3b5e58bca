// What a file's groups are called after.
#pragma once

#include <filesystem>
#include <string>

namespace attune::train {

// The file's name without any ending: "squad-sentences-en" for ".../squad-sentences-en.jsonl.gz".
std::string source_name(const std::filesystem::path& file);

}  // namespace attune::train
