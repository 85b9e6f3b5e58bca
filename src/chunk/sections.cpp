#include "chunk/sections.hpp"

#include <utility>

namespace attune::chunk {
namespace {

constexpr std::size_t kLongestHeading = 300;  // bytes in a path; some "headings" are whole paragraphs

// One line, single spaces, cut between code points.
std::string heading_text(std::string_view written) {
  std::string line;
  for (const char byte : written) {
    const bool space = byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
    if (!space) {
      line += byte;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  if (line.size() > kLongestHeading) {
    std::size_t end = kLongestHeading;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
    line.resize(end);
  }
  return line;
}

// The headings above the place that the reader has come to.
class HeadingStack {
 public:
  void enter(int level, std::string text) {
    while (!open_.empty() && open_.back().first >= level) open_.pop_back();
    open_.emplace_back(level, std::move(text));
  }
  [[nodiscard]] std::vector<std::string> path() const {
    std::vector<std::string> texts;
    for (const auto& [level, text] : open_) {
      if (!text.empty()) texts.push_back(text);
    }
    return texts;
  }
  // True if a heading of `level` would stand below all that are open.
  [[nodiscard]] bool is_deeper(int level) const { return open_.empty() || level > open_.back().first; }

 private:
  std::vector<std::pair<int, std::string>> open_;
};

}  // namespace

std::vector<Section> sections_of(const ExtractedText& content) {
  std::vector<Section> sections;
  std::vector<Block> blocks = content.blocks;
  if (blocks.empty()) blocks.push_back({BlockKind::paragraph, {0, content.text.size()}, 0, 0, 0});
  HeadingStack headings;
  std::size_t behind = 0;
  for (const Block& block : blocks) {
    if (block.span.start < behind || block.span.end > content.text.size() || block.span.empty()) continue;
    behind = block.span.end;
    if (block.kind == BlockKind::heading) {
      const bool bare = !sections.empty() && sections.back().headings == sections.back().blocks.size();
      const bool joins = bare && headings.is_deeper(block.level);
      headings.enter(block.level, heading_text(block.span.of(content.text)));
      if (!joins) sections.emplace_back();
      ++sections.back().headings;
      sections.back().path = headings.path();
    } else if (sections.empty()) {
      sections.emplace_back();
    }
    sections.back().blocks.push_back(block);
  }
  return sections;
}

std::string joined_path(const std::vector<std::string>& path) {
  std::string joined;
  for (const std::string& heading : path) {
    if (!joined.empty()) joined += " › ";
    joined += heading;
  }
  return joined;
}

}  // namespace attune::chunk
