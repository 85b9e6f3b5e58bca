// A recipe out of its file and back.
#include <algorithm>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

#include "train/recipe_fields.hpp"

namespace attune::train {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr std::size_t kLargestFile = 1U << 20U;
constexpr std::size_t kLongestList = 1000;

std::string joined(const std::vector<std::string>& names) {
  std::string line;
  for (const std::string& name : names) line.append(line.empty() ? "" : ", ").append(name);
  return line;
}

std::string number_text(double number) {
  return Json(number).dump();
}

// Reads the settings of one JSON object into a struct that holds the defaults. The first fault stays.
class Reading {
 public:
  Reading(const Json& json, std::string place) : json_(json), place_(std::move(place)) {}

  void text(const char* key, std::string& value, std::string_view) {
    if (const Json* field = find(key); field != nullptr) {
      if (!field->is_string()) return fail(key, "must be a text");
      value = field->get<std::string>();
    }
  }
  void number(const char* key, double& value, double low, double high, std::string_view) {
    const Json* field = find(key);
    if (field == nullptr) return;
    if (!field->is_number() || !(field->get<double>() >= low && field->get<double>() <= high)) {
      return fail(key, "must be a number from " + number_text(low) + " to " + number_text(high));
    }
    value = field->get<double>();
  }
  void optional_number(const char* key, std::optional<double>& value, double low, double high, std::string_view about) {
    if (find(key) == nullptr) return;
    double number_there = 0;
    number(key, number_there, low, high, about);
    value = number_there;
  }
  void size(const char* key, std::size_t& value, std::size_t low, std::size_t high, std::string_view) {
    const Json* field = find(key);
    if (field == nullptr) return;
    if (!field->is_number_unsigned() || field->get<std::size_t>() < low || field->get<std::size_t>() > high) {
      return fail(key, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    }
    value = field->get<std::size_t>();
  }
  void flag(const char* key, bool& value, std::string_view) {
    if (const Json* field = find(key); field != nullptr) {
      if (!field->is_boolean()) return fail(key, "must be true or false");
      value = field->get<bool>();
    }
  }
  void choice(const char* key, std::string& value, Names names, std::string_view) {
    const Json* field = find(key);
    if (field == nullptr) return;
    const auto known = std::find_if(names.begin(), names.end(), [&](std::string_view name) { return *field == name; });
    if (known == names.end()) return fail(key, "must be one of " + joined({names.begin(), names.end()}));
    value = *known;
  }
  void texts(const char* key, std::vector<std::string>& values, std::string_view) {
    const Json* field = find(key);
    if (field == nullptr) return;
    const bool fine = field->is_array() && field->size() <= kLongestList &&
                      std::all_of(field->begin(), field->end(), [](const Json& item) { return item.is_string(); });
    if (!fine) return fail(key, "must be a list of texts");
    values = field->get<std::vector<std::string>>();
  }
  template <typename Struct>
  void section(const char* key, Struct& value, std::string_view) {
    const Json* field = find(key);
    if (field == nullptr) return;
    read_into(*field, place_of(key), value);
  }
  template <typename Struct>
  void optional_section(const char* key, std::optional<Struct>& value, std::string_view) {
    const Json* field = find(key);
    if (field == nullptr) return;
    read_into(*field, place_of(key), value.emplace());
  }
  template <typename Struct>
  void list(const char* key, std::vector<Struct>& values, std::string_view) {
    const Json* field = find(key);
    if (field == nullptr) return;
    if (!field->is_array() || field->size() > kLongestList) return fail(key, "must be a list");
    values.clear();
    for (const Json& item : *field) {
      const std::string place = place_of(key) + "[" + std::to_string(values.size()) + "]";
      read_into(item, place, values.emplace_back());
    }
  }

  // Reads all of `json` into `value`. Fails for what it does not know.
  template <typename Struct>
  static Status read(const Json& json, std::string place, Struct& value) {
    if (!json.is_object())
      return Error{ErrorKind::bad_input, (place.empty() ? "a recipe" : place) + " must be an object"};
    Reading reading(json, std::move(place));
    describe(reading, value);
    for (const auto& [key, field] : json.items()) {
      if (std::find(reading.known_.begin(), reading.known_.end(), key) != reading.known_.end()) continue;
      // Before any wrong value: a misspelt name is why the right one is not there.
      return Error{ErrorKind::bad_input,
                   "there is no setting '" + reading.place_of(key) + "'; here may stand: " + joined(reading.known_)};
    }
    return reading.status_;
  }

 private:
  const Json* find(const char* key) {
    known_.emplace_back(key);
    const auto field = json_.find(key);
    return field == json_.end() ? nullptr : &*field;
  }
  [[nodiscard]] std::string place_of(std::string_view key) const {
    return place_.empty() ? std::string(key) : place_ + "." + std::string(key);
  }
  void fail(std::string_view key, const std::string& text) {
    if (status_) status_ = Error{ErrorKind::bad_input, place_of(key) + " " + text};
  }
  template <typename Struct>
  void read_into(const Json& json, const std::string& place, Struct& value) {
    const Status read_there = read(json, place, value);
    if (!read_there && status_) status_ = read_there;
  }

  const Json& json_;
  std::string place_;
  std::vector<std::string> known_;
  Status status_;
};

class Writing {
 public:
  void text(const char* key, std::string& value, std::string_view) { json_[key] = value; }
  void number(const char* key, double& value, double, double, std::string_view) { json_[key] = value; }
  void optional_number(const char* key, std::optional<double>& value, double, double, std::string_view) {
    if (value) json_[key] = *value;
  }
  void size(const char* key, std::size_t& value, std::size_t, std::size_t, std::string_view) { json_[key] = value; }
  void flag(const char* key, bool& value, std::string_view) { json_[key] = value; }
  void choice(const char* key, std::string& value, Names, std::string_view) { json_[key] = value; }
  void texts(const char* key, std::vector<std::string>& values, std::string_view) { json_[key] = values; }
  template <typename Struct>
  void section(const char* key, Struct& value, std::string_view) {
    json_[key] = written(value);
  }
  template <typename Struct>
  void optional_section(const char* key, std::optional<Struct>& value, std::string_view) {
    if (value) json_[key] = written(*value);
  }
  template <typename Struct>
  void list(const char* key, std::vector<Struct>& values, std::string_view) {
    json_[key] = OrderedJson::array();
    for (Struct& value : values) json_[key].push_back(written(value));
  }

  template <typename Struct>
  static OrderedJson written(Struct& value) {
    Writing writing;
    describe(writing, value);
    return std::move(writing.json_);
  }

 private:
  OrderedJson json_ = OrderedJson::object();
};

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
  if (const Status read = Reading::read(json, "", recipe); !read) return read.error();
  if (const Status fine = check(recipe); !fine) return fine.error();
  return recipe;
}

Result<Recipe> read_recipe(const std::filesystem::path& file) {
  const auto text = read_file(file, kLargestFile);
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
  return Writing::written(copy).dump(indent, ' ', false, Json::error_handler_t::replace);
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
