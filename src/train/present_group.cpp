// Which passages of a group a step sees.
#include <algorithm>
#include <limits>

#include "attune/train/batches.hpp"

#include "train/randomness.hpp"

namespace attune::train {
namespace {

// Chooses `count` of `places` without repeats; place i is chosen with a weight of 1 / (i + 4), so that the first of
// thirty is five times as likely as the last. The order of `places` stays.
std::vector<std::size_t> harder_ones(const std::vector<std::size_t>& places, std::size_t count, Randomness& chance) {
  if (places.size() <= count) return places;
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < places.size(); ++i) left.push_back(i);
  std::vector<std::size_t> chosen;
  const auto weight = [](std::size_t place) { return 1.0 / static_cast<double>(place + 4); };
  while (chosen.size() < count) {
    double total = 0;
    for (const std::size_t place : left) total += weight(place);
    double mark = chance.unit() * total;
    std::size_t at = 0;
    while (at + 1 < left.size() && mark >= weight(left[at])) mark -= weight(left[at++]);
    chosen.push_back(left[at]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
  }
  std::sort(chosen.begin(), chosen.end());
  for (std::size_t& place : chosen) place = places[place];
  return chosen;
}

std::vector<std::size_t> some(std::vector<std::size_t> places, std::size_t count, Randomness& chance) {
  chance.shuffle(places);
  places.resize(std::min(count, places.size()));
  return places;
}

bool may_stand_as_easy(const GroupSet& set, const Group& group, std::uint32_t passage) {
  const bool held_out = passage < set.held_out.size() && set.held_out[passage] != 0;
  if ((held_out && !group.held_out) || std::binary_search(group.avoid.begin(), group.avoid.end(), passage))
    return false;
  return std::none_of(group.passages.begin(), group.passages.end(),
                      [&](const GroupPassage& known) { return known.passage == passage; });
}

// Draws until there are enough; a set with hardly anything else gives fewer.
std::vector<std::uint32_t> easy_ones(const GroupSet& set, const Group& group, std::size_t count, Randomness& chance) {
  std::vector<std::uint32_t> drawn;
  for (std::size_t tries = 0; drawn.size() < count && tries < 64 * count; ++tries) {
    const auto passage = static_cast<std::uint32_t>(chance.below(set.passages.size()));
    if (!may_stand_as_easy(set, group, passage)) continue;
    if (std::find(drawn.begin(), drawn.end(), passage) == drawn.end()) drawn.push_back(passage);
  }
  return drawn;
}

}  // namespace

PresentedGroup present_group(const GroupSet& set, std::size_t index, const PresentOptions& options,
                             std::uint64_t visit) {
  const Group& group = set.groups[index];
  const Randomness source = Randomness(options.seed).child(visit).child(stable_hash(group.id));
  Randomness choice = source.child(stable_hash("passages"));
  const Randomness spelling = source.child(stable_hash("spelling"));

  std::vector<std::size_t> positives;
  std::vector<std::size_t> stated;
  std::vector<std::size_t> mined;
  for (std::size_t i = 0; i < group.passages.size(); ++i) {
    const GroupPassage& passage = group.passages[i];
    (passage.grade > 0 ? positives : passage.mined ? mined : stated).push_back(i);
  }
  std::vector<std::size_t> chosen = some(positives, std::max<std::size_t>(1, options.size / 2), choice);
  const auto room = [&](std::size_t kept_free) {
    const std::size_t taken = chosen.size() + kept_free;
    return options.size > taken ? options.size - taken : 0;
  };
  // Drawn before the hard ones, which fill the places where there are too few others.
  const std::vector<std::uint32_t> easy = easy_ones(set, group, room(0), choice);
  const std::size_t for_easy = std::min(options.easy, easy.size());
  for (const std::size_t place : some(stated, room(for_easy), choice)) chosen.push_back(place);
  for (const std::size_t place : harder_ones(mined, room(for_easy), choice)) chosen.push_back(place);
  const std::size_t easy_count = std::min(room(0), easy.size());

  PresentedGroup presented{.id = group.id};
  const std::size_t teachers = set.teachers.size();
  for (const std::size_t place : chosen) {
    presented.passages.push_back({.passage = group.passages[place].passage, .grade = group.passages[place].grade});
    const auto row = group.scores.begin() + static_cast<std::ptrdiff_t>(place * teachers);
    presented.scores.insert(presented.scores.end(), row, row + static_cast<std::ptrdiff_t>(teachers));
  }
  for (const std::uint32_t passage : std::span(easy).first(easy_count)) {
    presented.passages.push_back({.passage = passage});
    presented.scores.insert(presented.scores.end(), teachers, std::numeric_limits<float>::quiet_NaN());
  }
  presented.query = augment_query(group.query, options.augment, spelling.child(0).next());
  for (std::size_t i = 0; i < presented.passages.size(); ++i) {
    PresentedPassage& passage = presented.passages[i];
    const std::string& text = set.passages[passage.passage];
    passage.text = augment_passage(text, group.query, options.augment, spelling.child(i + 1).next());
    passage.changed = passage.text != text;
  }
  return presented;
}

}  // namespace attune::train
