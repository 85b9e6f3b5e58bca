// Sections: the blocks of a document under their headings. What a chunk may never reach across.
//
// Private to the chunk room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attune/data/document.hpp"

namespace attune::chunk {

struct Section {
  std::vector<std::string> path;  // headings, outermost first, the section's own included
  std::vector<Block> blocks;      // its headings first, then its body; never empty
  std::size_t headings = 0;       // how many of the blocks are headings
};

// In order. A heading that is followed by a deeper one at once opens the section of that one. Text without blocks is
// one paragraph; blocks that lie outside the text are left out.
std::vector<Section> sections_of(const ExtractedText& content);

// "A › B"
std::string joined_path(const std::vector<std::string>& path);

}  // namespace attune::chunk
