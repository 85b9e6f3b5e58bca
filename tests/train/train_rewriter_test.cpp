#include <filesystem>

#include <doctest/doctest.h>

#include "attune/core/file.hpp"
#include "attune/rewrite/neural.hpp"
#include "attune/rewrite/sequence.hpp"
#include "attune/train/rewriter.hpp"

#include "temporary_folder.hpp"

namespace attune::train {
namespace {

std::filesystem::path embedder_folder() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "models" / "embedder";
}

// Forty small conversations: somebody is named, then called "he".
std::string rows() {
  const char* names[] = {"Tom", "Max", "Paul", "Karl", "Hugo"};
  const char* things[] = {"live", "work", "swim", "sleep", "cook", "paint", "sing", "teach"};
  std::string lines;
  for (const char* name : names) {
    for (const char* thing : things) {
      const std::string id = std::string(name) + thing;
      lines += R"({"id":")" + id + R"(","lang":"en","history":["Do you know )" + name + " who can " + thing +
               R"(?"],"query":"where does he )" + thing + R"(?","rewrite":"where does )" + name + " " + thing +
               "?\"}\n";
    }
  }
  return lines;
}

RewriterTraining training_in(const std::filesystem::path& folder, const std::string& run) {
  RewriterTraining training;
  auto recipe = parse_rewriter_recipe(
      R"({"name": "small", "held_out": 0.2, "glue": ["'s"], "data": [{"path": "rows.jsonl"}],
          "model": {"lower_layers": 2, "upper_layers": 1},
          "optimiser": {"learning_rate": 0.001},
          "schedule": {"epochs": 6, "rows_per_step": 200, "warm_up": 2, "measure_every": 6}})");
  REQUIRE(recipe);
  training.recipe = *recipe;
  training.embedder = embedder_folder();
  training.data = folder;
  training.folder = folder / run;
  training.output = folder / (run + ".safetensors");
  return training;
}

}  // namespace

TEST_CASE("a rewriter learns who is meant, gives the same file after a stop and on any number of threads, and works") {
  const testing::TemporaryFolder folder;
  REQUIRE(write_file_durably(folder.path() / "rows.jsonl", rows()));
  RewriterTraining training = training_in(folder.path(), "whole");
  training.threads = 2;
  const auto report = train_rewriter(training);
  REQUIRE(report);
  CHECK(report->finished);
  CHECK(report->rows + report->held_out == 40);
  CHECK(report->left_out == 0);
  CHECK(report->best_measure > report->first_measure + 0.3);

  RewriterTraining stopped = training_in(folder.path(), "stopped");
  stopped.threads = 1;
  stopped.steps = 5;
  const auto first = train_rewriter(stopped);
  REQUIRE(first);
  CHECK_FALSE(first->finished);
  CHECK(first->steps == 5);
  stopped.steps = 0;
  REQUIRE(train_rewriter(stopped));
  CHECK(*read_file(training.output, 1U << 30U) == *read_file(stopped.output, 1U << 30U));

  const auto rewriter = NeuralRewriter::open(training.embedder, training.output);
  REQUIRE(rewriter);
  const auto rewritten = (*rewriter)->rewrite({{"Do you know Paul who can swim?"}, "where does he swim?"});
  REQUIRE(rewritten);
  CHECK(rewritten->text == "where does Paul swim?");
  REQUIRE(rewritten->copied.size() == 1);
  CHECK(rewritten->copied[0].output.of(rewritten->text) == "Paul");
  CHECK(rewritten->confidence > 0);
  const auto alone = (*rewriter)->rewrite({{}, "where does he swim?"});
  REQUIRE(alone);
  CHECK(alone->text == "where does he swim?");
  CHECK_FALSE(alone->changed);
}

TEST_CASE("every architecture learns to write anew, gives the same file after a stop, and works out of its file") {
  for (const char* architecture : {"rnn", "rnn-attention", "transformer"}) {
    CAPTURE(architecture);
    const testing::TemporaryFolder folder;
    REQUIRE(write_file_durably(folder.path() / "rows.jsonl", rows()));
    RewriterTraining training = training_in(folder.path(), "whole");
    training.recipe.architecture = architecture;
    training.recipe.sequence.width = 32;
    training.recipe.sequence.feed_forward = 64;
    training.recipe.sequence.least_count = 1;
    training.recipe.optimiser.learning_rate = 0.01;
    training.recipe.optimiser.dropout = 0;
    training.recipe.schedule.epochs = 30;
    const auto report = train_rewriter(training);
    REQUIRE(report);
    CHECK(report->finished);
    CHECK(report->rows + report->held_out == 40);
    CHECK(report->best_measure > report->first_measure + 1);

    RewriterTraining stopped = training;
    stopped.folder = folder.path() / "stopped";
    stopped.output = folder.path() / "stopped.safetensors";
    stopped.threads = 1;
    stopped.steps = 5;
    REQUIRE(train_rewriter(stopped));
    stopped.steps = 0;
    REQUIRE(train_rewriter(stopped));
    CHECK(*read_file(training.output, 1U << 30U) == *read_file(stopped.output, 1U << 30U));

    const auto writer = SequenceWriter::open(training.output, training.embedder);
    REQUIRE(writer);
    const auto written = (*writer)->write({{"Do you know Paul who can swim?"}, "where does he swim?"});
    REQUIRE(written);
    CHECK(written->starts_with("where does "));
    // A name that was never seen can be copied, but not by an rnn.
    if (std::string(architecture) != "rnn") CHECK((*writer)->model().shape.copies);
    CHECK(std::filesystem::exists(training.folder / "held-out.jsonl"));
  }
}

TEST_CASE("a rewriter's recipe refuses evaluation data, unknown settings and strangers without histories") {
  CHECK(parse_rewriter_recipe(R"({"data": [{"path": "rewrite/zh-dialogue-dev.jsonl.gz"}]})").error().kind ==
        ErrorKind::bad_input);
  CHECK(parse_rewriter_recipe(R"({"data": [{"path": "a.jsonl"}], "epoch": 3})").error().text.find("'epoch'") !=
        std::string::npos);
  CHECK(parse_rewriter_recipe(R"({"data": [{"maker": "stranger", "path": "a.jsonl"}]})").error().text.find("behind") !=
        std::string::npos);
  CHECK(parse_rewriter_recipe(R"({"data": []})").error().kind == ErrorKind::bad_input);
  CHECK(parse_rewriter_recipe(R"({"data": [{"maker": "to-english", "path": "a.jsonl"}]})")
            .error()
            .text.find("edits cannot translate") != std::string::npos);
  CHECK(parse_rewriter_recipe(R"({"data": [{"path": "a.jsonl"}], "sequence": {"width": 30}})").error().kind ==
        ErrorKind::bad_input);
  const auto recipe = parse_rewriter_recipe(R"({"data": [{"path": "a.jsonl", "weight": 2}], "glue": ["的"]})");
  REQUIRE(recipe);
  CHECK(rewriter_recipe_to_json(*parse_rewriter_recipe(rewriter_recipe_to_json(*recipe))) ==
        rewriter_recipe_to_json(*recipe));
}

TEST_CASE("the recipe without data of unstated licence is one, and names none") {
  const auto recipe = read_rewriter_recipe(embedder_folder().parent_path() / "rewriter" / "recipe-open.json");
  REQUIRE(recipe);
  for (const RewriterData& data : recipe->data) {
    CHECK(data.path.find("zh-dialogue") == std::string::npos);
    CHECK(data.behind.find("zh-dialogue") == std::string::npos);
  }
}

TEST_CASE("the rewriter's recipe that ships is one, and the file beside it was made by it") {
  const auto folder = embedder_folder().parent_path() / "rewriter";
  const auto recipe = read_rewriter_recipe(folder / "recipe.json");
  REQUIRE(recipe);
  const auto model = load_edit_model(folder / "model.safetensors");
  REQUIRE(model);
  CHECK(model->name == recipe->name);
  const auto noted = parse_rewriter_recipe(model->notes.at("recipe"));
  REQUIRE(noted);
  CHECK(rewriter_recipe_to_json(*noted) == rewriter_recipe_to_json(*recipe));
}

TEST_CASE("the recipes of sequence models that ship are ones, and the files beside them were made by them") {
  const auto folder = embedder_folder().parent_path() / "sequence";
  CHECK(read_rewriter_recipe(folder / "recipe-rewriting.json"));
  for (const char* architecture : {"rnn", "rnn-attention", "transformer"}) {
    CAPTURE(architecture);
    auto recipe = read_rewriter_recipe(folder / "recipe-translation.json");
    REQUIRE(recipe);
    recipe->architecture = architecture;
    const auto model = load_sequence_model(folder / (std::string(architecture) + ".safetensors"));
    REQUIRE(model);
    const auto noted = parse_rewriter_recipe(model->notes.at("recipe"));
    REQUIRE(noted);
    CHECK(rewriter_recipe_to_json(*noted) == rewriter_recipe_to_json(*recipe));
  }
}

}  // namespace attune::train
