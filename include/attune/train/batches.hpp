// Batches: which groups a step sees, with which passages, in which spelling.
//
// After train/groups.hpp, before the losses. plan_epoch says which groups come in which step; present_group makes the
// texts of one. Both depend on nothing but their arguments: the same seed, group and visit always give the same, so a
// run that is resumed sees what it would have seen. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/train/groups.hpp"

namespace attune::train {

// How often a text is changed, each rate from 0 to 1. What is changed is decided for each text by itself, so that no
// spelling tells an answer from the rest.
struct AugmentOptions {
  double lower_case = 0;        // of queries and passages, Latin letters of ASCII: all small,
  double sentence_case = 0;     // sentences begin with a capital, and "i" is one (what all-lower-case text lacks),
  double title_case = 0;        // every word does,
  double upper_case = 0;        // all capitals; the four rates together are at most 1
  double typos = 0;             // of queries: one or two slips of the finger in words of four letters and more
  double traditional = 0;       // of queries and passages in Chinese: written in traditional characters
  double no_question_mark = 0;  // of queries that end with one
  double shorter = 0;           // of passages: cut to some neighbouring sentences around the one nearest to the query
};

struct PresentOptions {
  std::size_t size = 8;  // passages of a group, where there are as many
  std::size_t easy = 1;  // of these, negatives drawn from all passages (in training none that is held out)
  AugmentOptions augment = {};
  std::uint64_t seed = 1;
};

struct PresentedPassage {
  std::uint32_t passage = 0;  // place in GroupSet::passages
  int grade = 0;
  bool changed = false;  // the text is not GroupSet::passages[passage], so nothing that was computed for that fits
  std::string text = {};
};

struct PresentedGroup {
  std::string id;
  std::string query = {};
  std::vector<PresentedPassage> passages = {};  // positives first
  std::vector<float> scores = {};  // [passages, GroupSet::teachers]; NaN: unknown, always so for easy negatives
};

// The group as a step sees it that visits it for the `visit`th time (GroupPlace::visit): up to half of the places for
// positives (each at least one), stated negatives before mined ones, of these the harder the more often, the rest easy.
// A held-out group for measuring is best presented without augmentation. Fewer than `size` passages where there are
// no more.
PresentedGroup present_group(const GroupSet& set, std::size_t group, const PresentOptions& options,
                             std::uint64_t visit);

// The same for one text, as present_group does it. `chance` names the stream of random numbers.
std::string augment_query(std::string_view query, const AugmentOptions& options, std::uint64_t chance);
std::string augment_passage(std::string_view passage, std::string_view query, const AugmentOptions& options,
                            std::uint64_t chance);

struct WeightedSet {
  const GroupSet* set = nullptr;
  double weight = 1;     // how often an epoch sees each group: 0.5 half of them, 2 all of them twice
  bool labelled = true;  // false: grades say nothing, so a group needs none
};

struct GroupPlace {
  std::uint32_t set = 0;    // in the list of sets
  std::uint32_t group = 0;  // in GroupSet::groups
  std::uint32_t visit = 0;  // how often the run has seen it before
  friend bool operator==(const GroupPlace&, const GroupPlace&) = default;
};

struct EpochOptions {
  std::size_t groups_per_step = 16;
  std::size_t bucket_steps = 32;  // within this many steps groups are sorted by length; 1: not at all
  std::size_t group_size = 8;     // as PresentOptions::size; the length of a group is judged by as many passages
  std::uint64_t seed = 1;
};

// The steps of an epoch: groups that are not held out and have a positive and some other passage (two passages, where
// nothing is labelled), each set as often as its weight says (a fraction takes other groups in each epoch), shuffled,
// of similar length within a step. The last step may be short.
std::vector<std::vector<GroupPlace>> plan_epoch(std::span<const WeightedSet> sets, const EpochOptions& options,
                                                std::uint64_t epoch);

// All held-out groups that would be of use, at most `most`, spread over the sets in proportion.
std::vector<GroupPlace> held_out_groups(std::span<const WeightedSet> sets, std::size_t most);

}  // namespace attune::train
