// Which groups come in which step.
#include <algorithm>
#include <cmath>

#include "attune/train/batches.hpp"

#include "train/randomness.hpp"

namespace attune::train {
namespace {

// A group teaches something if there is an answer and something else to tell it from, or a list that teachers order.
bool is_of_use(const GroupSet& set, const Group& group, bool labelled) {
  if (!labelled) return group.passages.size() > 1;
  const bool answers = std::any_of(group.passages.begin(), group.passages.end(),
                                   [](const GroupPassage& passage) { return passage.grade > 0; });
  return answers && (group.passages.size() > 1 || set.passages.size() > 1);
}

std::vector<std::uint32_t> useful_groups(const WeightedSet& weighted, bool held_out) {
  const GroupSet& set = *weighted.set;
  std::vector<std::uint32_t> groups;
  for (std::uint32_t group = 0; group < set.groups.size(); ++group) {
    if (set.groups[group].held_out == held_out && is_of_use(set, set.groups[group], weighted.labelled))
      groups.push_back(group);
  }
  return groups;
}

// About as many tokens as a group's passages have: four bytes of Latin text or two of any other to a token.
double length_of(const GroupSet& set, const Group& group, std::size_t group_size) {
  const auto tokens = [](std::string_view text) {
    const auto wide = std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0x80) != 0; });
    return static_cast<double>(text.size() - static_cast<std::size_t>(wide)) / 4 + static_cast<double>(wide) / 2;
  };
  const std::size_t count = std::min(group_size, group.passages.size());
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += tokens(set.passages[group.passages[i].passage]);
  return tokens(group.query) + sum / static_cast<double>(std::max<std::size_t>(1, count));
}

// The visits of one set. Visit v of the whole run is group v modulo their number in an order that is shuffled anew for
// each round, so a weight of 0.4 has seen every group after two and a half epochs.
void add_visits(const WeightedSet& weighted, std::uint32_t which, std::uint64_t epoch, Randomness chance,
                std::vector<GroupPlace>& places) {
  std::vector<std::uint32_t> groups = useful_groups(weighted, false);
  if (groups.empty() || !(weighted.weight > 0)) return;
  const auto visits_until = [&](std::uint64_t end) {
    return static_cast<std::uint64_t>(
        std::llround(weighted.weight * static_cast<double>(groups.size()) * static_cast<double>(end)));
  };
  std::vector<std::uint32_t> order;
  std::uint64_t order_of = 0;
  for (std::uint64_t visit = visits_until(epoch); visit < visits_until(epoch + 1); ++visit) {
    const std::uint64_t round = visit / groups.size();
    if (order.empty() || round != order_of) {
      order = groups;
      Randomness shuffling = chance.child(round);
      shuffling.shuffle(order);
      order_of = round;
    }
    places.push_back({which, order[visit % groups.size()], static_cast<std::uint32_t>(round)});
  }
}

}  // namespace

std::vector<std::vector<GroupPlace>> plan_epoch(std::span<const WeightedSet> sets, const EpochOptions& options,
                                                std::uint64_t epoch) {
  const Randomness source = Randomness(options.seed).child(stable_hash("epochs"));
  std::vector<GroupPlace> places;
  for (std::uint32_t set = 0; set < sets.size(); ++set) {
    add_visits(sets[set], set, epoch, source.child(stable_hash(sets[set].set->source)), places);
  }
  Randomness chance = source.child(epoch).child(stable_hash("order"));
  chance.shuffle(places);

  const std::size_t step = std::max<std::size_t>(1, options.groups_per_step);
  const std::size_t bucket = step * std::max<std::size_t>(1, options.bucket_steps);
  std::vector<std::vector<GroupPlace>> steps;
  for (std::size_t begin = 0; begin < places.size(); begin += bucket) {
    const std::size_t end = std::min(begin + bucket, places.size());
    std::vector<std::pair<double, GroupPlace>> sorted;
    for (std::size_t i = begin; i < end; ++i) {
      const GroupSet& set = *sets[places[i].set].set;
      sorted.emplace_back(length_of(set, set.groups[places[i].group], options.group_size), places[i]);
    }
    if (options.bucket_steps > 1) {
      std::stable_sort(sorted.begin(), sorted.end(),
                       [](const auto& left, const auto& right) { return left.first < right.first; });
    }
    for (std::size_t at = 0; at < sorted.size(); at += step) {
      std::vector<GroupPlace>& together = steps.emplace_back();
      for (std::size_t i = at; i < std::min(at + step, sorted.size()); ++i) together.push_back(sorted[i].second);
    }
  }
  // Otherwise every bucket would go from short to long. A step that is short of groups stays the last.
  const bool last_is_short = !steps.empty() && steps.back().size() < step;
  std::vector<GroupPlace> last;
  if (last_is_short) {
    last = std::move(steps.back());
    steps.pop_back();
  }
  chance.shuffle(steps);
  if (last_is_short) steps.push_back(std::move(last));
  return steps;
}

std::vector<GroupPlace> held_out_groups(std::span<const WeightedSet> sets, std::size_t most) {
  std::vector<std::vector<std::uint32_t>> groups;
  std::size_t total = 0;
  for (const WeightedSet& weighted : sets) {
    groups.push_back(useful_groups(weighted, true));
    total += groups.back().size();
  }
  std::vector<GroupPlace> places;
  for (std::uint32_t set = 0; set < groups.size(); ++set) {
    const std::size_t size = groups[set].size();
    const std::size_t count = total <= most ? size : size * most / total;
    // Evenly spread: neighbours in a file often ask about one document.
    for (std::size_t i = 0; i < count; ++i) places.push_back({set, groups[set][i * size / count], 0});
  }
  return places;
}

}  // namespace attune::train
