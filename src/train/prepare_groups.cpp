// From a recipe's files to groups that are ready for batches.
#include <utility>

#include "attune/core/file.hpp"
#include "attune/train/makers.hpp"
#include "attune/train/recipe.hpp"

#include "train/randomness.hpp"

namespace attune::train {
namespace {

// Keeps `limit` groups, whichever the seed chooses, in their order, and only passages that they need or that belong to
// nobody.
void limit_groups(GroupSet& set, std::size_t limit, std::uint64_t seed) {
  if (limit == 0 || set.groups.size() <= limit) return;
  std::vector<std::size_t> order(set.groups.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  Randomness chance = Randomness(seed).child(stable_hash("limit"));
  chance.shuffle(order);
  std::vector<bool> kept(set.groups.size(), false);
  for (std::size_t i = 0; i < limit; ++i) kept[order[i]] = true;

  std::vector<bool> owned(set.passages.size(), false);
  std::vector<bool> needed(set.passages.size(), false);
  for (std::size_t i = 0; i < set.groups.size(); ++i) {
    for (const GroupPassage& passage : set.groups[i].passages) {
      owned[passage.passage] = true;
      if (kept[i]) needed[passage.passage] = true;
    }
  }
  GroupSet smaller{.source = set.source, .teachers = {}, .passages = {}, .held_out = {}, .groups = {}};
  std::vector<std::uint32_t> places(set.passages.size(), 0);
  for (std::size_t place = 0; place < set.passages.size(); ++place) {
    if (owned[place] && !needed[place]) continue;
    places[place] = static_cast<std::uint32_t>(smaller.passages.size());
    smaller.passages.push_back(std::move(set.passages[place]));
  }
  for (std::size_t i = 0; i < set.groups.size(); ++i) {
    if (!kept[i]) continue;
    for (GroupPassage& passage : set.groups[i].passages) passage.passage = places[passage.passage];
    smaller.groups.push_back(std::move(set.groups[i]));
  }
  set = std::move(smaller);
}

Result<std::filesystem::path> allowed_path(const std::string& path, const RecipeInputs& inputs) {
  const std::filesystem::path given(path);
  if (const Status fine = check_training_path(given); !fine) return fine.error();
  auto whole = given.is_absolute() ? given : inputs.data / given;
  // Once more, because a name that looks harmless may be a link to one that is not.
  if (const Status fine = check_training_path(whole); !fine) return fine.error();
  return whole;
}

Result<GroupSet> groups_of(const RecipeData& data, const RecipeInputs& inputs, std::uint64_t seed) {
  const Maker* const maker = find_maker(data.maker);
  if (maker == nullptr) {
    std::string names;
    for (const Maker& known : makers()) names.append(names.empty() ? "" : ", ").append(known.name);
    return Error{ErrorKind::bad_input, "there is no maker '" + data.maker + "'; there are: " + names};
  }
  const auto path = allowed_path(data.path, inputs);
  if (!path) return path.error();
  auto set = maker->make(*path, seed);
  if (!set) return set.error();
  limit_groups(*set, data.limit, seed);
  for (const std::string& more : data.also) {
    const auto file = allowed_path(more, inputs);
    if (!file) return file.error();
    const auto texts = read_passages(*file);
    if (!texts) return texts.error();
    add_passages(*set, *texts);
  }
  return set;
}

}  // namespace

std::vector<WeightedSet> RecipeSets::weighted() const {
  std::vector<WeightedSet> all;
  for (std::size_t i = 0; i < sets.size(); ++i) all.push_back({&sets[i], weights[i], labelled[i]});
  return all;
}

Result<std::vector<GroupSet>> make_groups(const Recipe& recipe, const RecipeInputs& inputs) {
  std::vector<GroupSet> sets;
  for (const RecipeData& data : recipe.data) {
    auto set = groups_of(data, inputs, recipe.seed);
    if (!set) return set.error().while_doing("making groups of '" + data.path + "'");
    sets.push_back(std::move(*set));
  }
  hold_out(sets, recipe.held_out, recipe.seed);
  return sets;
}

Result<RecipeSets> prepare_groups(const Recipe& recipe, const RecipeInputs& inputs, const Embedder& embedder,
                                  std::stop_token stop) {
  auto made = make_groups(recipe, inputs);
  if (!made) return made.error();
  RecipeSets prepared{std::move(*made), {}, {}};
  for (const RecipeData& data : recipe.data) {
    prepared.weights.push_back(data.weight);
    prepared.labelled.push_back(data.labelled);
  }
  for (std::size_t i = 0; i < prepared.sets.size(); ++i) {
    GroupSet& set = prepared.sets[i];
    const MiningOptions& options = recipe.mining.options;
    auto mined = inputs.cache.empty() ? mine(set, embedder, options, inputs.progress, stop)
                                      : mine_once(set, embedder, options, inputs.cache, inputs.progress, stop);
    if (!mined) return mined.error().while_doing("mining among '" + recipe.data[i].path + "'");
    set = std::move(*mined);
    const double margin = recipe.data[i].margin.value_or(recipe.mining.margin);
    drop_doubtful_groups(set, margin, recipe.mining.doubtful);
    drop_likely_answers(set, margin);
  }
  return prepared;
}

}  // namespace attune::train
