#include "attune/train/recipe.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

#include "temporary_folder.hpp"
#include "train/recipe_fields.hpp"
#include "train/rewriter_recipe.hpp"
#include "train/word_embedder.hpp"

using attune::testing::TemporaryFolder;

namespace attune::train {
namespace {

const std::filesystem::path& source_folder() {
  static const std::filesystem::path folder = ATTUNE_SOURCE_DIR;
  return folder;
}

std::string complaint(const std::string& json) {
  const auto parsed = parse_recipe(json);
  REQUIRE(!parsed);
  CHECK(parsed.error().kind == ErrorKind::bad_input);
  return parsed.error().text;
}

bool says(const std::string& text, std::string_view part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) MESSAGE(text);
  return found;
}

std::string with_data(const std::string& more) {
  return R"({"data":[{"path":"a.jsonl"}],)" + more + "}";
}

std::string recipe_of(const std::string& path) {
  return nlohmann::json{{"data", {{{"path", path}}}}}.dump();
}

// Where the shared data lies, "" if there is none.
std::filesystem::path shared_data() {
  const char* set = std::getenv("ATTUNE_SHARED");
  const std::filesystem::path folder =
      set != nullptr ? std::filesystem::path(set) : source_folder().parent_path() / "shared";
  return std::filesystem::exists(folder / "data" / "CATALOGUE.md") ? folder / "data" : std::filesystem::path();
}

// The names in backquotes of each row's first cell, of rows whose last cell says "E", as in "R, E" where the second
// name is for evaluation.
std::set<std::string> evaluation_names(const std::filesystem::path& catalogue) {
  std::set<std::string> names;
  std::ifstream file(catalogue);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string first = line.substr(2, line.find(" | ", 2) - 2);
    const std::size_t cell = line.rfind('|', line.size() - 2);
    const std::string uses = line.substr(cell + 1, line.rfind('|') - cell - 1);
    std::vector<std::string> named;
    std::size_t at = 0;
    for (std::size_t open = 0; (open = first.find('`', at)) != std::string::npos; at = first.find('`', open + 1) + 1) {
      named.push_back(first.substr(open + 1, first.find('`', open + 1) - open - 1));
    }
    // "T, E": one use for each name; "E": for all.
    std::vector<bool> out;
    for (const char letter : uses) {
      if (letter == 'T' || letter == 'R' || letter == 'E') out.push_back(letter == 'E');
    }
    for (std::size_t i = 0; i < named.size() && !out.empty(); ++i) {
      if (named[i].starts_with("runs/") || named[i].starts_with("qrels/") ||
          named[i].find(".jsonl") != std::string::npos) {
        continue;
      }
      if (out[std::min(i, out.size() - 1)]) names.insert(named[i]);
    }
  }
  return names;
}

std::vector<std::filesystem::path> recipes_of_the_project() {
  std::vector<std::filesystem::path> recipes;
  for (const char* folder : {"models", "tests"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source_folder() / folder)) {
      const std::string name = entry.path().filename().string();
      const auto room = entry.path().parent_path().filename();
      const bool rewriter = room == "rewriter" || room == "sequence";  // have a reader of their own
      if (name.ends_with(".json") && name.find("recipe") != std::string::npos && !rewriter)
        recipes.push_back(entry.path());
    }
  }
  return recipes;
}

}  // namespace

TEST_CASE("recipe: a source of data is enough, and everything else has a default") {
  const auto recipe = parse_recipe(R"({"data":[{"path":"a.jsonl"}]})");
  REQUIRE(recipe);
  CHECK(recipe->data[0].maker == "pairs");
  CHECK(recipe->group_size == 8);
  CHECK(recipe->mining.options.keep == 32);
  REQUIRE(recipe->loss.terms.size() == 1);
  CHECK(recipe->loss.terms[0].kind == "listwise");
}

TEST_CASE("recipe: what is written is read again") {
  const auto recipe = parse_recipe(
      R"({"name":"r","seed":9,"data":[{"path":"a","weight":0.5,"margin":-0.1,"also":["b"],"limit":7,"augmentation":{"upper_case":0.5}}],
          "mining":{"keep":5},"model":{"one_sided":true,"upper_layers":2},"augmentation":{"typos":0.25},
          "loss":{"terms":[{"kind":"lambda"},{"kind":"mse","weight":0.5}],"teachers":[{"name":"cosine","scale":0.02}]},
          "schedule":{"steps":10,"lanes":3}})");
  REQUIRE(recipe);
  CHECK(recipe->data[0].margin == -0.1);
  CHECK(recipe->loss.teachers[0].scale == 0.02);
  CHECK(recipe->data[0].augmentation->upper_case == 0.5);
  CHECK(present_options(*recipe, recipe->data[0]).augment.typos == 0);
  CHECK(recipe->model.one_sided);
  const std::string written = recipe_to_json(*recipe);
  const auto again = parse_recipe(written);
  REQUIRE(again);
  CHECK(recipe_to_json(*again) == written);
  CHECK(again->augmentation.typos == 0.25);
  REQUIRE(again->loss.terms.size() == 2);
  CHECK(again->loss.terms[1].kind == "mse");
  CHECK(again->schedule.lanes == 3);
}

TEST_CASE("recipe: a setting that does not exist is named, with those that do") {
  CHECK(says(complaint(with_data(R"("optimizer":{})")), "'optimizer'"));
  CHECK(says(complaint(with_data(R"("mining":{"keeep":3})")), "'mining.keeep'; here may stand: bm25, dense, keep"));
  CHECK(says(complaint(R"({"data":[{"path":"a"},{"path":"b","wieght":1}]})"), "'data[1].wieght'"));
  CHECK(says(complaint(with_data(R"("loss":{"teachers":[{"nam":"x"}]})")), "'loss.teachers[0].nam'"));
}

TEST_CASE("recipe: a value of another type or out of range is named") {
  CHECK(says(complaint("{"), "must be JSON"));
  CHECK(says(complaint("[]"), "must be an object"));
  CHECK(says(complaint("{}"), "at least one source"));
  CHECK(says(complaint(R"({"data":[{}]})"), "data[0].path"));
  CHECK(says(complaint(R"({"data":{}})"), "data must be a list"));
  CHECK(says(complaint(with_data(R"("seed":-1)")), "seed must be a whole number"));
  CHECK(says(complaint(with_data(R"("group_size":1)")), "group_size must be a whole number from 2"));
  CHECK(says(complaint(with_data(R"("easy":8)")), "easy must be less"));
  CHECK(says(complaint(with_data(R"("held_out":0.7)")), "held_out must be a number from 0.0 to 0.5"));
  CHECK(says(complaint(with_data(R"("model":{"one_sided":1})")), "model.one_sided must be true or false"));
  CHECK(says(complaint(with_data(R"("loss":{"terms":[{"kind":"luck"}]})")),
             "loss.terms[0].kind must be one of listwise, lambda"));
  CHECK(says(complaint(with_data(R"("augmentation":{"lower_case":0.6,"upper_case":0.6})")), "more than 1 together"));
  CHECK(says(complaint(R"({"data":[{"path":"a","augmentation":{"lower_case":1,"upper_case":1}}]})"),
             "data[0].augmentation"));
  CHECK(says(complaint(with_data(R"("mining":[])")), "mining must be an object"));
  CHECK(says(complaint(R"({"data":[{"path":"a","also":"b"}]})"), "data[0].also must be a list of texts"));
}

TEST_CASE("recipe: the schemas say what the readers read") {
  // After a change: ATTUNE_WRITE_SCHEMA=1 train_tests writes the files anew.
  for (const auto& [name, schema] : {std::pair<const char*, std::string>{"recipe.schema.json", recipe_schema()},
                                     {"rewriter-recipe.schema.json", rewriter_recipe_schema()}}) {
    CAPTURE(name);
    const auto file = source_folder() / "schemas" / name;
    if (std::getenv("ATTUNE_WRITE_SCHEMA") != nullptr) REQUIRE(write_file_durably(file, schema));
    const auto written = read_file(file, 1U << 20U);
    REQUIRE(written);
    CHECK(*written == schema);
  }
}

TEST_CASE("recipe: what is kept for evaluation is refused in a plain sentence") {
  for (const char* path :
       {"retrieval/scifact/corpus.jsonl", "./retrieval/x", "typos/dl2019", "typos/dl2019/queries.dl2019.tsv",
        "rewrite/zh-dialogue-dev.jsonl.gz", "retrieval-old/../retrieval/y", "canard-dev-en", "marco-dev/queries"}) {
    CAPTURE(path);
    CHECK(says(complaint(recipe_of(path)), "is kept for evaluation"));
    CHECK(says(complaint(nlohmann::json{{"data", {{{"path", "a"}, {"also", {path}}}}}}.dump()), "kept for evaluation"));
  }
  for (const char* path :
       {"rerank-train/clapnq-en.jsonl.gz", "web-developers.jsonl", "/home/me/retrieval/my.jsonl",
        "text/2wiki-paragraphs-en.json.gz", "my-development.jsonl", "typos/marco-dev/queries.dev.small.tsv.gz"}) {
    CAPTURE(path);
    CHECK(parse_recipe(recipe_of(path)));
  }
}

TEST_CASE("recipe: a folder with a catalogue is known by it, also through a link and from elsewhere") {
  const TemporaryFolder folder;
  folder.write("data/CATALOGUE.md", "");
  folder.write("data/retrieval/scifact/corpus.jsonl", "{}");
  folder.write("data/rerank-train/fine.jsonl", "{}");
  std::filesystem::create_directory_symlink(folder.path() / "data" / "retrieval", folder.path() / "harmless");
  CHECK(!check_training_path(folder.path() / "data/retrieval/scifact/corpus.jsonl"));
  CHECK(!check_training_path(folder.path() / "harmless/scifact/corpus.jsonl"));
  CHECK(check_training_path(folder.path() / "data/rerank-train/fine.jsonl"));
  CHECK(check_training_path(folder.path() / "elsewhere/retrieval/corpus.jsonl"));
  const testing::WordEmbedder embedder;
  std::filesystem::create_directory_symlink(folder.path() / "data" / "retrieval",
                                            folder.path() / "data" / "rerank-train" / "linked");
  const auto recipe = parse_recipe(recipe_of("rerank-train/linked/scifact/corpus.jsonl"));
  REQUIRE(recipe);
  const auto prepared = prepare_groups(*recipe, {.data = folder.path() / "data", .cache = {}}, embedder);
  REQUIRE(!prepared);
  CHECK(says(prepared.error().text, "is kept for evaluation"));
}

TEST_CASE("recipe: no recipe of the project names data that the catalogue keeps for evaluation") {
  const auto data = shared_data();
  const auto recipes = recipes_of_the_project();
  for (const auto& file : recipes) {
    CAPTURE(file);
    const auto recipe = read_recipe(file);
    if (!recipe) MESSAGE(recipe.error().text);
    REQUIRE(recipe);
    for (const RecipeData& source : recipe->data) {
      CHECK(check_training_path(source.path));
      if (!data.empty()) CHECK(check_training_path(data / source.path));
    }
  }
  if (data.empty()) {
    MESSAGE("no shared data: the catalogue's own list is not held against the recipes");
    return;
  }
  const auto names = evaluation_names(data / "CATALOGUE.md");
  for (const char* known : {"scifact", "trec-dl21-pool", "xquad-dev-zh", "canard-dev-en", "zh-dialogue-dev", "cisi"}) {
    CHECK(names.contains(known));
  }
  for (const char* known : {"squad-sentences-en", "qbqtc-zh", "canard-train-en", "zh-dialogue-train"}) {
    CHECK(!names.contains(known));
  }
  for (const auto& file : recipes) {
    const auto recipe = read_recipe(file);
    for (const RecipeData& source : recipe->data) {
      std::vector<std::string> paths = source.also;
      paths.push_back(source.path);
      for (const std::string& path : paths) {
        for (const std::string& name : names) {
          CAPTURE(path);
          CAPTURE(name);
          CHECK(path.find("/" + name) == std::string::npos);
        }
      }
    }
  }
  // And what the catalogue keeps, the reader refuses by itself.
  for (const char* room : {"retrieval", "rewrite"}) {
    for (const auto& entry : std::filesystem::directory_iterator(data / room)) {
      const std::string name = entry.path().filename().string();
      const bool kept = std::any_of(names.begin(), names.end(), [&](const std::string& known) {
        return name == known || name.starts_with(known + ".");
      });
      CAPTURE(name);
      if (kept) CHECK(!check_training_path(entry.path()));
      if (kept) CHECK(!check_training_path(std::filesystem::path(room) / name));
    }
  }
}

TEST_CASE("prepare_groups: a recipe's files become mined groups with weights, limits and sides, the same every time") {
  const TemporaryFolder folder;
  std::string lines;
  for (int i = 0; i < 200; ++i) {
    const std::string number = std::to_string(i);
    lines += nlohmann::json{{"query", "what is thing" + number},
                            {"positives", {"thing" + number + " is a red kind of ware"}}}
                 .dump() +
             "\n";
  }
  folder.write("data/some.jsonl", lines);
  folder.write("data/more.json", R"([{"title":"Wares","text":"thing5 and thing6 are wares of a kind"}])");
  const auto recipe = parse_recipe(
      R"({"held_out":0.2,"mining":{"margin":-1},"data":[{"path":"some.jsonl","weight":0.5,"limit":80,"also":["more.json"]},
         {"path":"some.jsonl","limit":30}]})");
  REQUIRE(recipe);
  const testing::WordEmbedder embedder;
  const auto prepared =
      prepare_groups(*recipe, {.data = folder.path() / "data", .cache = folder.path() / "kept"}, embedder);
  REQUIRE(prepared);
  REQUIRE(prepared->sets.size() == 2);
  CHECK(prepared->weights == std::vector<double>{0.5, 1});
  CHECK(prepared->sets[0].groups.size() == 80);
  CHECK(prepared->sets[0].passages.size() == 81);
  CHECK(prepared->sets[1].groups.size() == 30);
  CHECK(prepared->weighted()[0].weight == 0.5);
  for (const GroupSet& set : prepared->sets) {
    for (const Group& group : set.groups) CHECK(group.passages.size() > 2);
  }
  const int calls = embedder.calls;
  const auto again =
      prepare_groups(*recipe, {.data = folder.path() / "data", .cache = folder.path() / "kept"}, embedder);
  REQUIRE(again);
  CHECK(embedder.calls == calls);
  CHECK(digest_of(again->sets[0]) == digest_of(prepared->sets[0]));
  const auto unknown = parse_recipe(R"({"data":[{"path":"some.jsonl","maker":"magic"}]})");
  const auto failed = prepare_groups(*unknown, {.data = folder.path() / "data", .cache = {}}, embedder);
  REQUIRE(!failed);
  CHECK(says(failed.error().text, "there is no maker 'magic'; there are: pairs"));
}

}  // namespace attune::train
