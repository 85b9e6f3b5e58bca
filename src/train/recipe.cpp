// A recipe out of its file and back.
#include <algorithm>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

#include "train/recipe_fields.hpp"
#include "train/recipe_reading.hpp"

namespace attune::train {
namespace {

using Json = nlohmann::json;

bool adds_up(const AugmentOptions& augment) {
  return augment.lower_case + augment.sentence_case + augment.title_case + augment.upper_case <= 1 + 1e-9;
}

Error too_many_cases(const std::string& place) {
  return Error{ErrorKind::bad_input, "the four rates of case in " + place + " are more than 1 together"};
}

// What the fields alone do not say.
Status check(const Recipe& recipe) {
  if (recipe.data.empty()) return Error{ErrorKind::bad_input, "\"data\" must name at least one source of groups"};
  for (std::size_t i = 0; i < recipe.data.size(); ++i) {
    const std::string place = "data[" + std::to_string(i) + "]";
    if (recipe.data[i].path.empty()) return Error{ErrorKind::bad_input, place + ".path must name a file"};
    const auto& own = recipe.data[i].augmentation;
    if (own && !adds_up(*own)) return too_many_cases(place + ".augmentation");
    std::vector<std::string> paths = recipe.data[i].also;
    paths.push_back(recipe.data[i].path);
    for (const std::string& path : paths) {
      if (const Status fine = check_training_path(path); !fine) return fine.error().while_doing(place);
    }
  }
  if (!adds_up(recipe.augmentation)) return too_many_cases("augmentation");
  if (recipe.easy >= recipe.group_size) return Error{ErrorKind::bad_input, "easy must be less than group_size"};
  return {};
}

}  // namespace

Result<Recipe> parse_recipe(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return Error{ErrorKind::bad_input, "a recipe must be JSON"};
  Recipe recipe;
  if (const Status read = RecipeReading::read(json, "", recipe); !read) return read.error();
  if (const Status fine = check(recipe); !fine) return fine.error();
  return recipe;
}

Result<Recipe> read_recipe(const std::filesystem::path& file) {
  const auto text = read_file(file, kLargestRecipe);
  if (!text) return text.error();
  auto recipe = parse_recipe(*text);
  if (!recipe) return recipe.error().while_doing("'" + to_utf8(file) + "'");
  recipe->folder = std::filesystem::absolute(file).parent_path();
  return recipe;
}

Recipe smoke_version(const Recipe& recipe) {
  Recipe small = recipe;
  std::erase_if(small.data, [](const RecipeData& data) { return !data.labelled || data.maker != "pairs"; });
  for (RecipeData& data : small.data) {
    constexpr std::size_t kGroups = 150;
    data.limit = data.limit == 0 ? kGroups : std::min(data.limit, kGroups);
    data.weight = 1;
    data.teachers.clear();
    data.also.clear();
    data.augmentation.reset();
  }
  small.augmentation = {};
  small.held_out = 0.3;
  small.group_size = 8;
  small.mining.options.keep = 12;
  small.mining.options.passage_bytes = std::min<std::size_t>(small.mining.options.passage_bytes, 400);
  small.loss = {};
  small.optimiser.average_decay = 0;
  small.optimiser.learning_rate = std::min(small.optimiser.learning_rate, 1e-4);  // so little is soon learnt by heart
  small.model.max_tokens = std::min<std::size_t>(small.model.max_tokens, 96);
  small.schedule.steps = 20;
  small.schedule.warm_up = 2;
  small.schedule.groups_per_step = 24;
  small.schedule.measure_every = 5;
  small.schedule.best = RecipeSchedule{}.best;
  small.schedule.measured_groups = 150;
  return small;
}

std::string recipe_to_json(const Recipe& recipe, int indent) {
  Recipe copy = recipe;  // describe() takes what can be read into
  return RecipeWriting::written(copy).dump(indent, ' ', false, Json::error_handler_t::replace);
}

PresentOptions present_options(const Recipe& recipe, const RecipeData& data) {
  return {.size = recipe.group_size,
          .easy = recipe.easy,
          .augment = data.augmentation.value_or(recipe.augmentation),
          .seed = recipe.seed};
}

EpochOptions epoch_options(const Recipe& recipe) {
  return {.groups_per_step = recipe.schedule.groups_per_step,
          .bucket_steps = recipe.schedule.bucket_steps,
          .group_size = recipe.group_size,
          .seed = recipe.seed};
}

}  // namespace attune::train
