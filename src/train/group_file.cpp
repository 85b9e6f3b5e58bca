// Sets of groups as files: gzipped JSON lines.
//   line 1     {"attune_groups": 1, "source", "teachers": [name], "passages": P, "groups": G, "note": {…}}
//   P lines    [side, text]                                            side 1: held out
//   G lines    {"id", "lang", "query", "held_out", "passages": [[place, grade, mined]], "scores": "…", "avoid":
//   [place]}
// Scores are one string of shortest decimals, "-" for none: what is read back are the same bits.
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/core/lines.hpp"
#include "attune/text.hpp"
#include "attune/train/groups.hpp"

namespace attune::train {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kMostTeachers = 64;

std::string scores_text(std::span<const float> scores) {
  std::string text;
  for (const float score : scores) {
    if (!text.empty()) text += ' ';
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), score);
    text += std::isfinite(score) ? std::string_view(digits.data(), end.ptr) : std::string_view("-");
  }
  return text;
}

Status parse_scores(std::string_view text, std::vector<float>& scores) {
  while (!text.empty()) {
    const std::size_t size = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, size);
    float score = std::numeric_limits<float>::quiet_NaN();
    if (word != "-") {
      const auto read = std::from_chars(word.data(), word.data() + word.size(), score);
      if (read.ec != std::errc() || read.ptr != word.data() + word.size() || !std::isfinite(score)) {
        return Error{ErrorKind::corrupt, "a score is no number"};
      }
    }
    scores.push_back(score);
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return {};
}

Json to_json(const Group& group) {
  Json passages = Json::array();
  for (const GroupPassage& passage : group.passages) {
    passages.push_back({passage.passage, passage.grade, passage.mined ? 1 : 0});
  }
  return {{"id", group.id},
          {"lang", group.language},
          {"query", group.query},
          {"held_out", group.held_out},
          {"passages", std::move(passages)},
          {"scores", scores_text(group.scores)},
          {"avoid", group.avoid}};
}

// Everything after the header, as digest_of() and the file have it.
std::string body_of(const GroupSet& set) {
  std::string body;
  for (std::size_t place = 0; place < set.passages.size(); ++place) {
    const int side = place < set.held_out.size() ? set.held_out[place] : 0;
    body += Json::array({side, set.passages[place]}).dump() + "\n";
  }
  for (const Group& group : set.groups) body += to_json(group).dump() + "\n";
  return body;
}

// Reads the lines one after the other, each according to its place.
class GroupFileReader {
 public:
  Status take(std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    try {
      if (json.is_discarded()) return Error{ErrorKind::corrupt, "this is no JSON"};
      if (!has_header_) return take_header(json);
      if (set_.passages.size() < passages_) return take_passage(json);
      if (set_.groups.size() < groups_) return take_group(json);
      return Error{ErrorKind::corrupt, "there are more lines than the header names"};
    } catch (const Json::exception&) {
      return Error{ErrorKind::corrupt, "a field is missing or has another type than it should"};
    }
  }
  Result<GroupSet> finish() && {
    if (!has_header_ || set_.passages.size() != passages_ || set_.groups.size() != groups_) {
      return Error{ErrorKind::corrupt, "the file has fewer lines than its header names"};
    }
    return std::move(set_);
  }

 private:
  Status take_header(const Json& json) {
    if (!json.is_object() || !json.contains("attune_groups")) {
      return Error{ErrorKind::corrupt, "this is no file of training groups"};
    }
    if (json.at("attune_groups") != kVersion) {
      return Error{ErrorKind::unsupported, "another version of Attune wrote these training groups"};
    }
    set_.source = json.at("source").get<std::string>();
    set_.teachers = json.at("teachers").get<std::vector<std::string>>();
    passages_ = json.at("passages").get<std::size_t>();
    groups_ = json.at("groups").get<std::size_t>();
    has_header_ = true;
    if (set_.teachers.size() > kMostTeachers) return Error{ErrorKind::corrupt, "there are more than 64 teachers"};
    return {};
  }
  Status take_passage(const Json& json) {
    const int side = json.at(0).get<int>();
    if (side != 0 && side != 1) return Error{ErrorKind::corrupt, "a passage stands on no side"};
    set_.held_out.push_back(static_cast<std::uint8_t>(side));
    set_.passages.push_back(json.at(1).get<std::string>());
    return {};
  }
  Result<std::uint32_t> place_of(const Json& json) const {
    const auto place = json.get<std::int64_t>();
    if (place < 0 || static_cast<std::uint64_t>(place) >= passages_) {
      return Error{ErrorKind::corrupt, "a group names a passage that is not there"};
    }
    return static_cast<std::uint32_t>(place);
  }
  Status take_group(const Json& json) {
    Group group{.id = json.at("id").get<std::string>(),
                .language = json.at("lang").get<std::string>(),
                .query = json.at("query").get<std::string>(),
                .held_out = json.at("held_out").get<bool>()};
    for (const Json& entry : json.at("passages")) {
      const auto place = place_of(entry.at(0));
      if (!place) return place.error();
      group.passages.push_back({*place, entry.at(1).get<int>(), entry.at(2).get<int>() != 0});
    }
    for (const Json& entry : json.at("avoid")) {
      const auto place = place_of(entry);
      if (!place) return place.error();
      group.avoid.push_back(*place);
    }
    if (const Status read = parse_scores(json.at("scores").get<std::string>(), group.scores); !read) return read;
    if (group.scores.size() != group.passages.size() * set_.teachers.size()) {
      return Error{ErrorKind::corrupt, "a group has another number of scores than its passages and teachers ask for"};
    }
    set_.groups.push_back(std::move(group));
    return {};
  }

  GroupSet set_;
  bool has_header_ = false;
  std::size_t passages_ = 0;
  std::size_t groups_ = 0;
};

}  // namespace

std::string digest_of(const GroupSet& set) {
  return sha256_hex(set.source + "\n" + body_of(set));
}

Status save_groups(const std::filesystem::path& file, const GroupSet& set, std::string_view note) {
  Json noted = Json::parse(note, nullptr, false);
  if (!noted.is_object()) return Error{ErrorKind::bad_input, "the note beside training groups is no JSON object"};
  const Json header = {{"attune_groups", kVersion},       {"source", set.source},        {"teachers", set.teachers},
                       {"passages", set.passages.size()}, {"groups", set.groups.size()}, {"note", std::move(noted)}};
  const auto packed = gzipped(header.dump() + "\n" + body_of(set));
  if (!packed) return packed.error().while_doing("writing training groups");
  return write_file_durably(file, *packed);
}

Result<GroupSet> load_groups(const std::filesystem::path& file) {
  GroupFileReader reader;
  if (const Status read = for_each_line(file, [&](std::string_view line) { return reader.take(line); }); !read) {
    return read.error();
  }
  auto set = std::move(reader).finish();
  if (!set) return set.error().while_doing("'" + to_utf8(file) + "'");
  return set;
}

}  // namespace attune::train
