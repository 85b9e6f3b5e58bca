// What early stopping looks at is kept apart by passage, not by question.
#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "attune/train/groups.hpp"

#include "train/plain_text.hpp"
#include "train/randomness.hpp"

namespace attune::train {
namespace {

// Texts of all sets by what they say, joined where a group holds both.
class ConnectedPassages {
 public:
  std::size_t node_of(std::string_view text) {
    const auto [known, is_new] = nodes_.emplace(plain_text(text), parents_.size());
    if (is_new) {
      parents_.push_back(parents_.size());
      names_.push_back(stable_hash(known->first));
      groups_.push_back(0);
    }
    return known->second;
  }
  std::size_t root_of(std::size_t node) {
    while (parents_[node] != node) node = parents_[node] = parents_[parents_[node]];
    return node;
  }
  void join(std::size_t left, std::size_t right) {
    left = root_of(left);
    right = root_of(right);
    if (left == right) return;
    if (left > right) std::swap(left, right);
    parents_[right] = left;
    // The smallest name stands for the whole, so that a part keeps its side when other sets are added.
    names_[left] = std::min(names_[left], names_[right]);
    groups_[left] += groups_[right];
  }
  void count_group(std::size_t node) { ++groups_[root_of(node)]; }
  std::uint64_t name_of(std::size_t node) { return names_[root_of(node)]; }
  std::size_t groups_of(std::size_t node) { return groups_[root_of(node)]; }

 private:
  std::unordered_map<std::string, std::size_t> nodes_;
  std::vector<std::size_t> parents_;
  std::vector<std::uint64_t> names_;
  std::vector<std::size_t> groups_;
};

}  // namespace

void hold_out(std::span<GroupSet> sets, double share, std::uint64_t seed) {
  ConnectedPassages connected;
  std::vector<std::vector<std::size_t>> nodes(sets.size());
  std::size_t all_groups = 0;
  for (std::size_t set = 0; set < sets.size(); ++set) {
    for (const std::string& text : sets[set].passages) nodes[set].push_back(connected.node_of(text));
    for (const Group& group : sets[set].groups) {
      const std::size_t first = connected.node_of(group.query);
      connected.count_group(first);
      for (const GroupPassage& passage : group.passages) {
        if (!passage.mined) connected.join(first, nodes[set][passage.passage]);
      }
      ++all_groups;
    }
  }
  const auto most = static_cast<std::size_t>(std::max(1.0, share / 5 * static_cast<double>(all_groups)));
  const Randomness chance = Randomness(seed).child(stable_hash("hold out"));
  const auto is_out = [&](std::size_t node) {
    return connected.groups_of(node) <= most && chance.child(connected.name_of(node)).unit() < share;
  };
  for (std::size_t set = 0; set < sets.size(); ++set) {
    sets[set].held_out.assign(sets[set].passages.size(), 0);
    for (std::size_t place = 0; place < nodes[set].size(); ++place) {
      sets[set].held_out[place] = is_out(nodes[set][place]) ? 1 : 0;
    }
    for (Group& group : sets[set].groups) {
      group.held_out = is_out(connected.node_of(group.query));
    }
  }
}

}  // namespace attune::train
