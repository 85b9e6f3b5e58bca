// Recipe: everything that decides what training gives, in one file that is kept beside the weights.
//
// Read by `attune train`, written beside what it trains. The file is JSON; schemas/recipe.schema.json says what may
// stand in it, and what does not is an error that names it. Every setting but "data" has a default. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/train/batches.hpp"
#include "attune/train/groups.hpp"

namespace attune::train {

// One source of groups.
struct RecipeData {
  std::string maker = "pairs";         // who makes groups of it: a name of makers() in train/makers.hpp
  std::string path;                    // a file, from the folder of the training data or absolute
  double weight = 1;                   // as WeightedSet::weight
  std::size_t limit = 0;               // take only so many groups, chosen by the seed; 0: all
  std::optional<double> margin;        // as drop_likely_answers; absent: RecipeMining::margin
  std::vector<std::string> also = {};  // files of passages (titled paragraphs) that negatives are found among as well
};

struct RecipeMining {
  MiningOptions options = {};
  double margin = -0.02;
};

struct RecipeModel {
  std::string start;             // folder of the encoder to start from; "": the embedder that ships
  std::size_t lower_layers = 8;  // that read query and passage alone
  std::size_t upper_layers = 4;  // that read both together
  bool one_sided = false;        // only the query's tokens pass through the upper layers
  bool train_lower = false;      // false: frozen
  std::size_t query_tokens = 64;
  std::size_t passage_tokens = 256;
  double cosine_scale = 40;  // the score starts as this times the encoder's own cosine; 0: without
};

struct RecipeOptimiser {
  double learning_rate = 5e-5;
  double head_learning_rate = 1e-3;  // of what starts at zero or random
  double weight_decay = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double clip = 1;  // largest norm of all gradients together; 0: no bound
  double dropout = 0;
};

struct RecipeTeacher {
  std::string name;  // of GroupSet::teachers
  double weight = 1;
  std::string loss = "softmax";  // "softmax" (KL divergence), "mse" or "margin-mse"
  double scale = 1;              // its scores are multiplied by this
};

struct RecipeLoss {
  std::string labels = "softmax";  // "softmax" (listwise), "lambda" or "margin" (pairwise)
  double label_weight = 1;
  double temperature = 1;
  double margin = 1;  // of "margin"
  std::vector<RecipeTeacher> teachers = {};
};

struct RecipeSchedule {
  std::size_t steps = 1000;
  std::size_t warm_up = 100;         // steps
  std::string decay = "linear";      // "linear", "cosine" or "none"
  std::size_t groups_per_step = 16;  // over all accumulated parts
  std::size_t accumulate = 1;        // parts of a step
  std::size_t evaluate_every = 100;  // steps
  std::size_t evaluate_groups = 256;
  std::size_t checkpoint_every = 100;
  std::size_t patience = 0;  // evaluations without gain before stopping; 0: never
  std::size_t average = 1;   // best checkpoints that are averaged at the end
};

struct Recipe {
  std::string name;
  std::uint64_t seed = 1;
  double held_out = 0.05;  // share of all groups, by passage
  std::vector<RecipeData> data;
  RecipeMining mining = {};
  std::size_t group_size = 8;  // as in PresentOptions
  std::size_t easy = 1;
  AugmentOptions augmentation = {};
  RecipeModel model = {};
  RecipeOptimiser optimiser = {};
  RecipeLoss loss = {};
  RecipeSchedule schedule = {};
};

// Fails with not_found, io, too_large (over 1 MiB) or bad_input: no JSON, a setting that does not exist, has another
// type, is out of range, or a path that is kept for evaluation. The text names the setting: "mining.keeep".
Result<Recipe> read_recipe(const std::filesystem::path& file);
Result<Recipe> parse_recipe(std::string_view json);
// All settings, defaults included; parse_recipe gives the same recipe again.
std::string recipe_to_json(const Recipe& recipe, int indent = 2);

// Refuses what is kept for evaluation: in a folder of training data (one that a relative path starts from, or that
// holds CATALOGUE.md) anything under `retrieval/` or `typos/dl2019` and every name with `-dev` in it. Fails with
// bad_input. A person's own files elsewhere are their own business.
Status check_training_path(const std::filesystem::path& path);

struct RecipeInputs {
  std::filesystem::path data;   // the folder that relative paths start from
  std::filesystem::path cache;  // folder for mined negatives; empty: none are kept
  MiningProgressSink progress = {};
};

struct RecipeSets {
  std::vector<GroupSet> sets;   // one for each RecipeData, in order
  std::vector<double> weights;  // [sets]
  [[nodiscard]] std::vector<WeightedSet> weighted() const;
};

// From files to groups that are ready for batches: makes, limits, holds out, mines, drops likely answers. Fails as
// these do, naming the path, and with bad_input for an unknown maker.
Result<RecipeSets> prepare_groups(const Recipe& recipe, const RecipeInputs& inputs, const Embedder& embedder,
                                  std::stop_token stop = {});

// How texts of a recipe's groups are shown: its sizes, augmentation and seed.
PresentOptions present_options(const Recipe& recipe);
EpochOptions epoch_options(const Recipe& recipe);

}  // namespace attune::train
