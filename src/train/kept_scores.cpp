#include "train/kept_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/core/lines.hpp"

namespace attune::train {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr float kTenths = 10;

std::string digest_of_passages(const GroupSet& set) {
  std::string digests;
  for (const std::string& passage : set.passages) digests += sha256_hex(passage);
  return sha256_hex(digests);
}

// What was judged of one group, by ascending place.
Json judged(const GroupSet& set, const Group& group, std::span<const Teacher> teachers) {
  const std::vector<float> ensemble = ensemble_scores(teachers, set.teachers, group.scores);
  std::vector<std::pair<std::uint32_t, float>> known;
  float low = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < ensemble.size(); ++i) {
    if (std::isnan(ensemble[i])) continue;
    known.emplace_back(group.passages[i].passage, ensemble[i]);
    low = std::min(low, ensemble[i]);
  }
  if (known.empty()) return {};
  std::ranges::sort(known);
  low = std::floor(low * kTenths) / kTenths;
  Json places = Json::array();
  Json tenths = Json::array();
  std::uint32_t before = 0;
  for (const auto& [place, score] : known) {
    places.push_back(place - before);
    tenths.push_back(std::lround((score - low) * kTenths));
    before = place;
  }
  return {{"id", group.id},
          {"low", std::lround(low * kTenths)},
          {"places", std::move(places)},
          {"tenths", std::move(tenths)}};
}

using Verdicts = std::unordered_map<std::uint32_t, float>;      // by place
using KnownGroups = std::unordered_map<std::string, Verdicts>;  // by id
struct KnownSet {
  std::string digest;
  KnownGroups groups;
};

class KeptScoresReader {
 public:
  Status take(std::string_view line) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    try {
      if (json.is_discarded()) return Error{ErrorKind::corrupt, "this is no JSON"};
      if (!has_header_) return take_header(json);
      if (json.contains("source")) {
        now_ = &sets[json.at("source").get<std::string>()];
        now_->digest = json.at("sha256").get<std::string>();
        return {};
      }
      if (now_ == nullptr) return Error{ErrorKind::corrupt, "a group stands before any set"};
      return take_group(json);
    } catch (const nlohmann::json::exception&) {
      return Error{ErrorKind::corrupt, "a field is missing or has another type than it should"};
    }
  }

  std::unordered_map<std::string, KnownSet> sets;

 private:
  Status take_header(const nlohmann::json& json) {
    if (!json.is_object() || !json.contains("attune_teacher_scores")) {
      return Error{ErrorKind::corrupt, "these are no teachers' scores"};
    }
    if (json.at("attune_teacher_scores") != kVersion) {
      return Error{ErrorKind::unsupported, "another version of Attune wrote these scores"};
    }
    has_header_ = true;
    return {};
  }
  Status take_group(const nlohmann::json& json) {
    const auto places = json.at("places").get<std::vector<std::uint32_t>>();
    const auto tenths = json.at("tenths").get<std::vector<std::int64_t>>();
    if (places.size() != tenths.size()) return Error{ErrorKind::corrupt, "a group has more places than scores"};
    const auto low = json.at("low").get<std::int64_t>();
    Verdicts& verdicts = now_->groups[json.at("id").get<std::string>()];
    std::uint32_t place = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      place += places[i];
      verdicts[place] = static_cast<float>(low + tenths[i]) / kTenths;
    }
    return {};
  }

  KnownSet* now_ = nullptr;
  bool has_header_ = false;
};

// Written beside the others' scores.
void add_verdicts(GroupSet& set, const KnownGroups& known) {
  const std::size_t before = set.teachers.size();
  const Verdicts none;
  for (Group& group : set.groups) {
    const auto found = known.find(group.id);
    const Verdicts& verdicts = found == known.end() ? none : found->second;
    std::vector<float> scores;
    for (std::size_t i = 0; i < group.passages.size(); ++i) {
      const auto row = group.scores.begin() + static_cast<std::ptrdiff_t>(i * before);
      scores.insert(scores.end(), row, row + static_cast<std::ptrdiff_t>(before));
      const auto verdict = verdicts.find(group.passages[i].passage);
      scores.push_back(verdict == verdicts.end() ? std::numeric_limits<float>::quiet_NaN() : verdict->second);
    }
    group.scores = std::move(scores);
  }
  set.teachers.emplace_back(kKeptTeacher);
}

}  // namespace

Status keep_scores(const std::filesystem::path& file, std::span<const GroupSet> sets,
                   std::span<const Teacher> teachers) {
  std::string text = Json({{"attune_teacher_scores", kVersion}, {"sets", sets.size()}}).dump() + "\n";
  for (const GroupSet& set : sets) {
    std::string lines;
    std::size_t groups = 0;
    for (const Group& group : set.groups) {
      const Json line = judged(set, group, teachers);
      if (line.is_null()) continue;
      lines += line.dump() + "\n";
      ++groups;
    }
    if (groups == 0) continue;
    const Json head = {{"source", set.source},
                       {"passages", set.passages.size()},
                       {"sha256", digest_of_passages(set)},
                       {"groups", groups}};
    text += head.dump() + "\n" + lines;
  }
  const auto packed = gzipped(text);
  if (!packed) return packed.error().while_doing("writing teachers' scores");
  return write_file_durably(file, *packed);
}

Status take_scores(const std::filesystem::path& file, std::span<GroupSet> sets) {
  KeptScoresReader reader;
  const Status read = for_each_line(file, [&](std::string_view line) { return reader.take(line); });
  if (!read) return read;
  for (GroupSet& set : sets) {
    const auto known = reader.sets.find(set.source);
    if (known == reader.sets.end()) continue;
    if (known->second.digest != digest_of_passages(set)) {
      return Error{ErrorKind::conflict, "the teachers' scores in '" + to_utf8(file) + "' are of other passages of '" +
                                            set.source + "'; remove loss.scores to have them judged anew"};
    }
    add_verdicts(set, known->second.groups);
  }
  return {};
}

}  // namespace attune::train
