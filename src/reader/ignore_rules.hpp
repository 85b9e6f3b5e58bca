// Ignore rules: what .gitignore and .attuneignore files say about a path.
//
// Git's rules: the last rule that matches decides, a deeper file's rules come after those above it, "!" takes a path
// back, and nothing is taken back below an ignored folder (the scan does not enter it).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attune::reader {

class IgnoreRules {
 public:
  // Adds the rules of one file. `folder` is where it lies, relative to the root, "" for the root itself.
  void add(std::string_view folder, std::string_view rules);

  // True if the rules say that `path` (relative to the root) shall not be read.
  [[nodiscard]] bool ignores(std::string_view path, bool is_folder) const;

  // Rules are added on entering a folder and dropped on leaving it.
  [[nodiscard]] std::size_t size() const { return rules_.size(); }
  void shrink_to(std::size_t size) { rules_.resize(size); }

 private:
  struct Rule {
    std::string folder;  // with a '/' at the end unless it is the root
    std::string glob;    // over the path relative to `folder`
    bool negated = false;
    bool folders_only = false;
  };
  std::vector<Rule> rules_;
};

}  // namespace attune::reader
