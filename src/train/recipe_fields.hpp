// What a recipe consists of, said once: reading, writing and the schema all walk through describe().
//
// `Fields` has: text(key, value, about), number(key, value, low, high, about), size(key, value, low, high, about),
// optional_number(…), flag(key, value, about), choice(key, value, names, about), texts(key, values, about),
// section(…), optional_section(…) and list(key, values, about), where about is what the schema says of it.
#pragma once

#include <initializer_list>
#include <limits>
#include <string_view>

#include "attune/train/recipe.hpp"

namespace attune::train {

using Names = std::initializer_list<std::string_view>;

template <typename Fields>
void describe(Fields& fields, AugmentOptions& augment) {
  fields.number("lower_case", augment.lower_case, 0, 1, "share of texts in small letters");
  fields.number("sentence_case", augment.sentence_case, 0, 1, "share of texts whose sentences get a capital");
  fields.number("title_case", augment.title_case, 0, 1, "share of texts whose words get a capital");
  fields.number("upper_case", augment.upper_case, 0, 1, "share of texts in capitals");
  fields.number("typos", augment.typos, 0, 1, "share of queries with slips of the finger");
  fields.number("traditional", augment.traditional, 0, 1, "share of texts in traditional Chinese characters");
  fields.number("no_question_mark", augment.no_question_mark, 0, 1, "share of queries that lose it");
  fields.number("shorter", augment.shorter, 0, 1, "share of passages that are cut to some sentences");
}

template <typename Fields>
void describe(Fields& fields, RecipeData& data) {
  fields.text("maker", data.maker,
              "who makes groups of it: \"pairs\", \"titles\", \"cloze\", \"to-chinese\", \"to-english\", \"questions\" "
              "or \"index\"");
  fields.text("path", data.path, "a file, from the folder of the training data or absolute");
  fields.number("weight", data.weight, 0, 100, "how often an epoch sees each group");
  fields.size("limit", data.limit, 0, 10'000'000, "take only so many groups; 0: all");
  fields.optional_number("margin", data.margin, -1, 1, "instead of mining.margin");
  fields.flag("labelled", data.labelled, "false: its grades say nothing, only teachers are learned from");
  fields.optional_section("augmentation", data.augmentation, "instead of the recipe's");
  fields.texts("teachers", data.teachers, "names of those with a model that read it; none: all");
  fields.texts("also", data.also, "files of passages (JSON lines of groups, or titled paragraphs) to search as well");
}

template <typename Fields>
void describe(Fields& fields, RecipeMining& mining) {
  MiningOptions& options = mining.options;
  fields.size("bm25", options.bm25, 0, 1000, "candidates by words");
  fields.size("dense", options.dense, 0, 1000, "candidates by cosine");
  fields.size("keep", options.keep, 1, 1000, "of these, hardest first");
  fields.number("near_question", options.near_question, 0, 2,
                "answers to a question with this share of common terms are left out; above 1: none");
  fields.size("passage_bytes", options.passage_bytes, 100, 100'000, "of each passage that the embedder reads");
  fields.number("margin", mining.margin, -1, 1, "candidates with a cosine above the positive's less this are left out");
  fields.size("doubtful", mining.doubtful, 0, 1'000'000, "groups with more candidates above that are left out");
}

template <typename Fields>
void describe(Fields& fields, RecipeModel& model) {
  fields.text("start", model.start, "folder of the encoder to start from; \"\": the embedder that ships");
  fields.size("lower_layers", model.lower_layers, 0, 64, "layers that read query and passage alone");
  fields.size("upper_layers", model.upper_layers, 1, 64, "layers that read both together");
  fields.flag("one_sided", model.one_sided, "only the query's tokens pass through the upper layers");
  fields.number("cosine_weight", model.cosine_weight, 0, 1000, "the score starts as this times the encoder's cosine");
  fields.number("late_weight", model.late_weight, 0, 1000, "and this times the late interaction of the tokens");
  fields.size("max_tokens", model.max_tokens, 8, 512, "of a text, all included");
}

template <typename Fields>
void describe(Fields& fields, RecipeOptimiser& optimiser) {
  fields.number("learning_rate", optimiser.learning_rate, 0, 1, "the highest, after the warm-up");
  fields.number("floor", optimiser.floor, 0, 1, "what is left of it at the last step, as a share");
  fields.number("head_rate", optimiser.head_rate, 0, 10'000, "the new head's learning rate, times the layers'");
  fields.number("gate_rate", optimiser.gate_rate, 0, 10'000, "late interaction's gate's, times the layers'");
  fields.number("beta1", optimiser.beta1, 0, 0.9999, "of AdamW");
  fields.number("beta2", optimiser.beta2, 0, 0.999999, "of AdamW");
  fields.number("epsilon", optimiser.epsilon, 1e-12, 1, "of AdamW");
  fields.number("weight_decay", optimiser.weight_decay, 0, 1, "of matrices, decoupled");
  fields.number("clip", optimiser.clip, 0, 1e6, "largest norm of all gradients together; 0: no bound");
  fields.number("dropout", optimiser.dropout, 0, 0.9, "share of activations left out");
  fields.number("average_decay", optimiser.average_decay, 0, 0.999999, "of a moving average of weights; 0: none");
}

template <typename Fields>
void describe(Fields& fields, RecipeLossTerm& term) {
  fields.choice("kind", term.kind, Names{"listwise", "lambda", "margin", "logistic", "distil", "mse", "margin_mse"},
                "what is held against grades, or from \"distil\" on against the teachers");
  fields.number("weight", term.weight, 0, 1000, "of this term");
  fields.number("temperature", term.temperature, 0.001, 1000, "scores are divided by this");
}

template <typename Fields>
void describe(Fields& fields, RecipeTeacher& teacher) {
  fields.text("name", teacher.name, "of the scores beside the passages: \"cosine\"");
  fields.number("weight", teacher.weight, 0, 1000, "in the ensemble");
  fields.number("scale", teacher.scale, 1e-6, 1e6, "its scores are divided by this");
  fields.text("model", teacher.model, "folder of an encoder whose cosines are its scores; \"\": they are there");
}

template <typename Fields>
void describe(Fields& fields, RecipeLoss& loss) {
  fields.list("terms", loss.terms, "what is made small, summed; without it one listwise term");
  fields.list("teachers", loss.teachers, "whose scores are learned from");
  fields.text("scores", loss.scores, "file of the teachers' scores, from the recipe's folder; \"\": they judge");
}

template <typename Fields>
void describe(Fields& fields, RecipeSchedule& schedule) {
  constexpr std::size_t kMany = 100'000'000;
  fields.size("steps", schedule.steps, 1, kMany, "of the optimiser");
  fields.size("warm_up", schedule.warm_up, 0, kMany, "steps until the full learning rate");
  fields.size("groups_per_step", schedule.groups_per_step, 1, 100'000, "over all lanes");
  fields.size("bucket_steps", schedule.bucket_steps, 1, 100'000, "steps within which groups are sorted by length");
  fields.size("lanes", schedule.lanes, 1, 256, "parts of a step that may be computed side by side");
  fields.size("measure_every", schedule.measure_every, 1, kMany, "steps");
  fields.size("measured_groups", schedule.measured_groups, 1, 1'000'000, "held-out groups");
  fields.size("measured_passages", schedule.measured_passages, 2, 1000, "of each of them");
  fields.choice("best", schedule.best, Names{"nDCG@10", "loss"}, "of held-out groups, says which weights are kept");
  fields.size("patience", schedule.patience, 0, kMany, "measurements without gain before stopping; 0: never");
  fields.size("checkpoint_seconds", schedule.checkpoint_seconds, 1, 86'400, "between checkpoints");
}

template <typename Fields>
void describe(Fields& fields, Recipe& recipe) {
  fields.text("name", recipe.name, "of what it trains");
  // JSON numbers keep whole numbers below 2^53.
  fields.size("seed", recipe.seed, 0, std::size_t{1} << 53U, "of everything that is drawn");
  fields.number("held_out", recipe.held_out, 0, 0.5, "share of all groups, kept apart by passage");
  fields.list("data", recipe.data, "sources of groups, at least one");
  fields.section("mining", recipe.mining, "of hard negatives");
  fields.size("group_size", recipe.group_size, 2, 1000, "passages shown with a query");
  fields.size("easy", recipe.easy, 0, 1000, "of these, drawn by chance");
  fields.section("augmentation", recipe.augmentation, "how often a text is changed");
  fields.section("model", recipe.model, "what is trained");
  fields.section("optimiser", recipe.optimiser, "how weights are changed");
  fields.section("loss", recipe.loss, "what is made small");
  fields.section("schedule", recipe.schedule, "when what happens");
}

// The schema that describe() amounts to, as schemas/recipe.schema.json holds it.
std::string recipe_schema();

}  // namespace attune::train
