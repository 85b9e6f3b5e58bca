#include "train/group_builder.hpp"

#include <algorithm>
#include <utility>

#include "attune/text.hpp"

namespace attune::train {
namespace {

constexpr std::size_t kLongestQuery = 16U << 10U;
constexpr std::size_t kLongestPassage = 1U << 20U;
constexpr std::size_t kMostPassagesOfGroup = 4096;
constexpr std::size_t kMostGroups = 4U << 20U;
constexpr std::size_t kMostBytes = std::size_t{8} << 30U;
constexpr int kBestGrade = 100;
constexpr const char* kTooManyGroups = "there are more than 4,194,304 groups";

Status check_text(std::string_view text, std::string_view what, std::size_t longest) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return Error{ErrorKind::bad_input, std::string(what) + " is empty"};
  }
  if (text.size() > longest) {
    return Error{ErrorKind::too_large, std::string(what) + " has more than " + std::to_string(longest) + " bytes"};
  }
  if (!text::is_valid_utf8(text)) return Error{ErrorKind::bad_input, std::string(what) + " is not UTF-8"};
  return {};
}

}  // namespace

GroupBuilder::GroupBuilder(GroupSet set) : set_(std::move(set)) {
  for (std::size_t place = 0; place < set_.passages.size(); ++place) {
    places_.emplace(set_.passages[place], static_cast<std::uint32_t>(place));
    bytes_ += set_.passages[place].size();
  }
}

GroupBuilder::GroupBuilder(std::string source) {
  set_.source = std::move(source);
}

Result<std::uint32_t> GroupBuilder::add_passage(std::string_view text) {
  const auto known = places_.find(std::string(text));
  if (known != places_.end()) return known->second;
  if (bytes_ + text.size() > kMostBytes) {
    return Error{ErrorKind::too_large, "the passages of one source have more than 8 GiB"};
  }
  bytes_ += text.size();
  const auto place = static_cast<std::uint32_t>(set_.passages.size());
  set_.passages.emplace_back(text);
  places_.emplace(text, place);
  return place;
}

Status GroupBuilder::add(std::string language, std::string query, const std::vector<StatedPassage>& stated) {
  std::string id = set_.source + ":" + std::to_string(set_.groups.size() + 1);
  return add(std::move(id), std::move(language), std::move(query), stated);
}

Status GroupBuilder::add_question(std::string language, std::string query) {
  if (set_.groups.size() >= kMostGroups) return Error{ErrorKind::too_large, kTooManyGroups};
  if (const Status fine = check_text(query, "the query", kLongestQuery); !fine) return fine;
  std::string id = set_.source + ":" + std::to_string(set_.groups.size() + 1);
  set_.groups.push_back({.id = std::move(id), .language = std::move(language), .query = std::move(query)});
  return {};
}

Status GroupBuilder::add(std::string id, std::string language, std::string query,
                         const std::vector<StatedPassage>& stated) {
  if (set_.groups.size() >= kMostGroups) return Error{ErrorKind::too_large, kTooManyGroups};
  if (const Status fine = check_text(query, "the query", kLongestQuery); !fine) return fine;
  if (stated.empty()) return Error{ErrorKind::bad_input, "the query has no passages"};
  if (stated.size() > kMostPassagesOfGroup) {
    return Error{ErrorKind::too_large, "the query has more than 4,096 passages"};
  }
  for (const StatedPassage& passage : stated) {
    if (const Status fine = check_text(passage.text, "a passage", kLongestPassage); !fine) return fine;
    if (passage.grade < 0 || passage.grade > kBestGrade) {
      return Error{ErrorKind::bad_input, "a grade is " + std::to_string(passage.grade) + "; they go from 0 to 100"};
    }
  }
  Group group{.id = std::move(id), .language = std::move(language), .query = std::move(query)};
  for (const StatedPassage& passage : stated) {
    const auto place = add_passage(passage.text);
    if (!place) return place.error();
    const auto same = std::find_if(group.passages.begin(), group.passages.end(),
                                   [&](const GroupPassage& other) { return other.passage == *place; });
    if (same == group.passages.end()) {
      group.passages.push_back({.passage = *place, .grade = passage.grade});
    } else {
      same->grade = std::max(same->grade, passage.grade);
    }
  }
  set_.groups.push_back(std::move(group));
  return {};
}

void add_passages(GroupSet& set, std::span<const std::string> texts) {
  GroupBuilder builder(std::move(set));
  for (const std::string& text : texts) {
    // An empty text finds nothing, and past the bound there are negatives enough.
    if (!check_text(text, "a passage", kLongestPassage)) continue;
    if (!builder.add_passage(text)) break;
  }
  set = std::move(builder).finish();
}

}  // namespace attune::train
