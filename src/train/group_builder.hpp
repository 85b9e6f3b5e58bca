// Puts a GroupSet together: every text once, bounds kept.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "attune/train/groups.hpp"

namespace attune::train {

// What a source states about one passage.
struct StatedPassage {
  std::string text;
  int grade = 0;
};

class GroupBuilder {
 public:
  // Goes on with a set whose sides are not decided yet.
  explicit GroupBuilder(GroupSet set);
  explicit GroupBuilder(std::string source);

  // Makes a group of it. A text that is stated twice keeps its best grade. Fails with bad_input (empty query or
  // passage, malformed UTF-8, no passage, a grade outside 0 … 100) or too_large, without a trace.
  Status add(std::string id, std::string language, std::string query, const std::vector<StatedPassage>& stated);
  // The same with ids that count from 1: "<source>:<n>".
  Status add(std::string language, std::string query, const std::vector<StatedPassage>& stated);
  // A question that states nothing about any passage, with an id as above.
  Status add_question(std::string language, std::string query);
  // The place of a text that is valid UTF-8 and not empty.
  Result<std::uint32_t> add_passage(std::string_view text);

  [[nodiscard]] std::size_t groups() const { return set_.groups.size(); }
  GroupSet finish() && { return std::move(set_); }

 private:
  GroupSet set_;
  std::unordered_map<std::string, std::uint32_t> places_;
  std::size_t bytes_ = 0;
};

}  // namespace attune::train
