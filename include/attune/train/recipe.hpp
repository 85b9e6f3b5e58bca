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
  std::string maker = "pairs";                      // who makes groups of it: a name of makers() in train/makers.hpp
  std::string path;                                 // a file, from the folder of the training data or absolute
  double weight = 1;                                // as WeightedSet::weight
  std::size_t limit = 0;                            // take only so many groups, chosen by the seed; 0: all
  std::optional<double> margin = {};                // as drop_likely_answers; absent: RecipeMining::margin
  bool labelled = true;                             // false: its grades say nothing, only teachers are learned from
  std::optional<AugmentOptions> augmentation = {};  // instead of Recipe::augmentation
  std::vector<std::string> teachers = {};           // names of those with a model that read it; empty: all
  std::vector<std::string> also = {};  // files whose passages are searched as well: as read_passages reads them
};

struct RecipeMining {
  MiningOptions options = {};
  double margin = -0.02;
  std::size_t doubtful = 8;  // most passages that may stand above that margin, as drop_doubtful_groups
};

struct RecipeModel {
  std::string start;             // folder of the encoder to start from; "": the embedder that ships
  std::size_t lower_layers = 8;  // as JointStart (attune/model/joint.hpp) has these five
  std::size_t upper_layers = 4;
  bool one_sided = false;
  double cosine_weight = 20;
  double late_weight = 0;
  std::size_t max_tokens = 256;  // of a text, all included
};

struct RecipeOptimiser {
  double learning_rate = 1e-4;  // the highest, reached after RecipeSchedule::warm_up
  double floor = 0;             // what is left of it at the last step, as a share
  double head_rate = 200;       // the new head's learning rate, times the layers'
  double gate_rate = 10;        // that of late interaction's gate, in front of a softmax that a high one would saturate
  double beta1 = 0.9;
  double beta2 = 0.98;
  double epsilon = 1e-6;
  double weight_decay = 0.01;
  double clip = 1;  // largest norm of all gradients together; 0: no bound
  double dropout = 0;
  double average_decay = 0;  // of the moving average of weights that is measured and kept; 0: the weights themselves
};

struct RecipeLossTerm {
  std::string kind = "listwise";  // "listwise", "lambda", "margin", "logistic", "distil", "mse" or "margin_mse"
  double weight = 1;
  double temperature = 1;
};

struct RecipeTeacher {
  std::string name;  // of GroupSet::teachers
  double weight = 1;
  double scale = 1;  // its scores are divided by this
  // Folder of an encoder whose cosines are its scores, from the folder of the training data or absolute; "": the scores
  // are there, as "bm25" and "cosine" are.
  std::string model = {};
};

struct RecipeLoss {
  std::vector<RecipeLossTerm> terms = {{}};
  std::vector<RecipeTeacher> teachers = {};
  // File of the teachers' verdicts, from the recipe's folder or absolute: it stands for all of them, so that their
  // models are not needed. "": the teachers judge.
  std::string scores = {};
};

struct RecipeSchedule {
  std::size_t steps = 1000;
  std::size_t warm_up = 100;  // steps
  std::size_t groups_per_step = 16;
  std::size_t bucket_steps = 32;    // as EpochOptions
  std::size_t lanes = 2;            // parts of a step that may be computed side by side
  std::size_t measure_every = 100;  // steps
  std::size_t measured_groups = 200;
  std::size_t measured_passages = 12;
  std::string best = "nDCG@10";  // of the held-out groups, decides which weights are kept: or "loss"
  std::size_t patience = 0;      // measurements without a better one before the run ends; 0: never
  std::size_t checkpoint_seconds = 60;
};

struct Recipe {
  std::string name;
  std::filesystem::path folder;  // where its file lies; no setting
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
// The same in small, for a try of a minute: stated pairs with labels only, a few groups of each source, labels instead
// of teachers, few steps, a larger held-out share.
Recipe smoke_version(const Recipe& recipe);

// All settings, defaults included; parse_recipe gives the same recipe again.
std::string recipe_to_json(const Recipe& recipe, int indent = 2);

// Refuses what is kept for evaluation: in a folder of training data (one that a relative path starts from, or that
// holds CATALOGUE.md) anything under `retrieval/` or `typos/dl2019` and every name with `-dev` in it but
// `typos/marco-dev`. Fails with bad_input. A person's own files elsewhere are their own business.
Status check_training_path(const std::filesystem::path& path);

struct RecipeInputs {
  std::filesystem::path data;   // the folder that relative paths start from
  std::filesystem::path cache;  // folder for mined negatives; empty: none are kept
  MiningProgressSink progress = {};
};

// Groups without mined negatives: makes, limits, holds out.
Result<std::vector<GroupSet>> make_groups(const Recipe& recipe, const RecipeInputs& inputs);

struct RecipeSets {
  std::vector<GroupSet> sets;   // one for each RecipeData, in order
  std::vector<double> weights;  // [sets]
  std::vector<bool> labelled;   // [sets]
  [[nodiscard]] std::vector<WeightedSet> weighted() const;
};

// From files to groups that are ready for batches: makes, limits, holds out, mines, drops doubtful groups and likely
// answers. Fails as these do, naming the path, and with bad_input for an unknown maker.
Result<RecipeSets> prepare_groups(const Recipe& recipe, const RecipeInputs& inputs, const Embedder& embedder,
                                  std::stop_token stop = {});

// How groups of one of its sources are shown: the recipe's sizes and seed, the source's augmentation if it has one.
PresentOptions present_options(const Recipe& recipe, const RecipeData& data);
EpochOptions epoch_options(const Recipe& recipe);

}  // namespace attune::train
