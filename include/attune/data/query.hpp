// Query: what someone wants to find, and where. Plain data.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace attune {

// Which chunks may answer. Every non-empty field must match; within one field any value is enough.
struct Filters {
  std::vector<std::string> collections = {};  // names
  std::vector<std::string> paths = {};        // globs over Document::path: '*' within a part, '**' across parts, '?'
  std::vector<std::string> languages = {};    // BCP 47 primary tags
  std::vector<std::string> formats = {};      // as in ExtractedText::format
  std::map<std::string, std::vector<std::string>> metadata = {};  // key → accepted values, compared without case

  [[nodiscard]] bool empty() const {
    return collections.empty() && paths.empty() && languages.empty() && formats.empty() && metadata.empty();
  }
  friend bool operator==(const Filters&, const Filters&) = default;
};

// One more way to ask, searched beside the question.
struct QueryVariant {
  std::string text;
  std::string name;  // of its legs: "bm25:<name>", "dense:<name>"
  // Weights of its legs beside the question's own, which count 1; 0: that leg does not run.
  float words = 1;
  float dense = 1;
};

struct Query {
  std::string text;  // any bytes are legal
  std::size_t top_k = 10;
  Filters filters;
  std::vector<QueryVariant> variants = {};
};

}  // namespace attune
