#include "train/prepare_reranker.hpp"

#include <algorithm>
#include <array>

#include "train/kept_scores.hpp"
#include "train/teach.hpp"

namespace attune::train {
namespace {

using Phase = TrainingProgress::Phase;

// The names that a recipe has for losses, in the order of LossKind.
constexpr std::array<std::string_view, 7> kLossNames = {"listwise", "lambda", "margin",    "logistic",
                                                        "distil",   "mse",    "margin_mse"};

LossKind loss_kind(std::string_view name) {
  return static_cast<LossKind>(std::ranges::find(kLossNames, name) - kLossNames.begin());
}

constexpr std::size_t kCentreTexts = 500;  // of each source, on each side

// What tells how far a phase is, or nothing where nobody asks.
std::function<void(std::size_t, std::size_t)> teller(const TrainingProgressSink& progress, Phase phase,
                                                     const std::string& of) {
  if (!progress) return {};
  return [&progress, phase, of](std::size_t done, std::size_t total) {
    progress({.phase = phase, .of = of, .done = done, .total = total});
  };
}

std::filesystem::path from_data(const RerankerTraining& training, const std::string& path) {
  const std::filesystem::path given(path);
  return given.is_absolute() ? given : training.data / given;
}

Status teach_sets(const RerankerTraining& training, std::vector<GroupSet>& sets, const TrainingProgressSink& progress,
                  const std::stop_token& stop) {
  for (const RecipeTeacher& teacher : training.recipe.loss.teachers) {
    if (teacher.model.empty()) continue;
    const auto encoder = open_embedder(from_data(training, teacher.model), {.threads = training.threads});
    if (!encoder) return encoder.error().while_doing("teacher '" + teacher.name + "'");
    for (std::size_t i = 0; i < sets.size(); ++i) {
      const std::vector<std::string>& wanted = training.recipe.data[i].teachers;
      if (!wanted.empty() && std::ranges::find(wanted, teacher.name) == wanted.end()) continue;
      const Lesson lesson{teacher.name, training.recipe.mining.options.passage_bytes, training.cache};
      const auto tell = teller(progress, Phase::teaching, teacher.name + ", " + sets[i].source);
      if (const Status status = teach(sets[i], **encoder, lesson, tell, stop); !status) {
        return status.error().while_doing("teacher '" + teacher.name + "'");
      }
    }
  }
  return {};
}

// The mean of rows [tokens, W], each source counting alike: a large one would pull it towards itself.
class Centre {
 public:
  explicit Centre(std::size_t width) : sum_(width) {}
  void add(std::span<const float> rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) source_[i % sum_.size()] += static_cast<double>(rows[i]);
    tokens_ += static_cast<double>(rows.size() / sum_.size());
  }
  void end_source() {
    for (std::size_t i = 0; i < sum_.size() && tokens_ > 0; ++i) sum_[i] += source_[i] / tokens_;
    sources_ += tokens_ > 0 ? 1 : 0;
    source_.assign(sum_.size(), 0.0);
    tokens_ = 0;
  }
  void write(std::span<float> to) const {
    for (std::size_t i = 0; i < sum_.size(); ++i) to[i] = static_cast<float>(sum_[i] / std::max(1.0, sources_));
  }

 private:
  std::vector<double> sum_;                                        // of the sources' means
  std::vector<double> source_ = std::vector<double>(sum_.size());  // sum of the rows so far
  double tokens_ = 0;
  double sources_ = 0;
};

// What the lower layers say of all tokens alike, of queries and of passages.
Status fit_centres(const Embedder& embedder, const StatesWanted& wanted, PreparedReranker& prepared) {
  const auto head = joint_head(prepared.start.shape, std::span<float>(prepared.start.weights));
  Centre queries(prepared.start.shape.width);
  Centre passages(prepared.start.shape.width);
  std::vector<float> rows;
  for (const RerankerSource& source : prepared.sources) {
    std::vector<std::string_view> texts;
    for (const Group& group : source.set.groups) {
      if (texts.size() < kCentreTexts && !group.held_out) texts.emplace_back(group.query);
    }
    const auto read = embedder.read(texts, EmbedRole::query, wanted);
    if (!read) return read.error();
    queries.add(read->states);
    queries.end_source();
    const std::size_t step = std::max<std::size_t>(1, source.set.passages.size() / kCentreTexts);
    for (std::size_t text = 0; text < source.set.passages.size(); text += step) {
      source.states.read(text, rows);
      passages.add(rows);
    }
    passages.end_source();
  }
  queries.write(head.late_query_centre);
  passages.write(head.late_passage_centre);
  return {};
}

}  // namespace

std::filesystem::path encoder_of(const RerankerTraining& training) {
  const std::string& start = training.recipe.model.start;
  return start.empty() ? training.embedder : from_data(training, start);
}

std::vector<Teacher> teachers_of(const RerankerTraining& training) {
  const RecipeLoss& loss = training.recipe.loss;
  if (!loss.scores.empty() && training.keep_scores.empty()) return {{kKeptTeacher, 1, 1}};
  std::vector<Teacher> teachers;
  for (const RecipeTeacher& teacher : loss.teachers) teachers.push_back({teacher.name, teacher.weight, teacher.scale});
  return teachers;
}

RerankerTaskOptions task_options(const RerankerTraining& training) {
  const Recipe& recipe = training.recipe;
  RerankerTaskOptions options;
  for (const RecipeLossTerm& term : recipe.loss.terms) {
    options.loss.terms.push_back({loss_kind(term.kind), term.weight, term.temperature});
  }
  options.loss.teachers = teachers_of(training);
  options.epoch = epoch_options(recipe);
  options.easy = recipe.easy;
  options.dropout = recipe.optimiser.dropout;
  options.head_rate = recipe.optimiser.head_rate;
  options.gate_rate = recipe.optimiser.gate_rate;
  options.best_by_loss = recipe.schedule.best == "loss";
  options.max_tokens = recipe.model.max_tokens;
  options.lanes = recipe.schedule.lanes;
  options.threads = training.threads;
  options.measured_groups = recipe.schedule.measured_groups;
  options.measured_passages = recipe.schedule.measured_passages;
  return options;
}

Result<JointModel> start_of(const RerankerTraining& training) {
  const RecipeModel& model = training.recipe.model;
  return start_joint_model(encoder_of(training), {.lower_layers = model.lower_layers,
                                                  .upper_layers = model.upper_layers,
                                                  .one_sided = model.one_sided,
                                                  .cosine_weight = static_cast<float>(model.cosine_weight),
                                                  .late_weight = static_cast<float>(model.late_weight)});
}

Result<RecipeSets> prepare_taught_groups(const RerankerTraining& training, const TrainingProgressSink& progress,
                                         const std::stop_token& stop) {
  const auto embedder = open_embedder(encoder_of(training), {.threads = training.threads});
  if (!embedder) return embedder.error();
  RecipeInputs inputs{training.data, training.cache, {}};
  if (progress) {
    inputs.progress = [&](const MiningProgress& now) {
      const bool embedding = now.phase == MiningProgress::Phase::embedding;
      progress(
          {.phase = embedding ? Phase::embedding : Phase::searching, .of = {}, .done = now.done, .total = now.total});
    };
  }
  auto groups = prepare_groups(training.recipe, inputs, **embedder, stop);
  if (!groups) return groups.error();
  const std::string& scores = training.recipe.loss.scores;
  if (!scores.empty() && training.keep_scores.empty()) {
    const Status taken = take_scores(training.recipe.folder / scores, groups->sets);
    if (!taken) return taken.error().while_doing("loss.scores");
  } else if (const Status status = teach_sets(training, groups->sets, progress, stop); !status) {
    return status.error();
  }
  return groups;
}

Result<PreparedReranker> prepare_reranker(const RerankerTraining& training, const TrainingProgressSink& progress,
                                          const std::stop_token& stop) {
  const Recipe& recipe = training.recipe;
  PreparedReranker prepared;
  auto start = start_of(training);
  if (!start) return start.error();
  prepared.start = std::move(*start);
  const auto embedder = open_embedder(encoder_of(training), {.threads = training.threads});
  if (!embedder) return embedder.error();
  auto reader = open_embedder(encoder_of(training), {.threads = 1});
  if (!reader) return reader.error();
  prepared.reader = std::move(*reader);

  auto groups = prepare_taught_groups(training, progress, stop);
  if (!groups) return groups.error();
  const StatesWanted wanted{recipe.model.lower_layers, recipe.model.max_tokens};
  for (std::size_t i = 0; i < groups->sets.size(); ++i) {
    RerankerSource source;
    source.set = std::move(groups->sets[i]);
    source.weight = recipe.data[i].weight;
    source.labelled = recipe.data[i].labelled;
    source.augment = recipe.data[i].augmentation.value_or(recipe.augmentation);
    auto states = PassageStates::open(source.set.passages, **embedder, wanted, training.cache,
                                      teller(progress, Phase::reading, source.set.source), stop);
    if (!states) return states.error();
    source.states = std::move(*states);
    prepared.sources.push_back(std::move(source));
  }
  if (recipe.model.late_weight > 0) {
    if (const Status status = fit_centres(**embedder, wanted, prepared); !status) return status.error();
  }
  return prepared;
}

}  // namespace attune::train
