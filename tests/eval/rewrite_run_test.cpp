#include <cstdlib>
#include <filesystem>
#include <stop_token>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/core/lines.hpp"
#include "attune/eval/rewriting.hpp"

#include "temporary_folder.hpp"

namespace attune {

namespace {

struct Scratch {
  std::filesystem::path write(const std::string& name, std::string_view content) const {
    folder.write(name, content);
    return folder.path() / name;
  }
  testing::TemporaryFolder folder;
};

std::string row(const std::string& id, const std::string& history, const std::string& query,
                const std::string& rewrite) {
  return R"({"id":")" + id + R"(","lang":"en","history":)" + history + R"(,"query":")" + query + R"(","rewrite":")" +
         rewrite + "\"}\n";
}

const std::string kThreeRows = row("1", R"(["Ada","a poet"])", "who is she", "who is Ada") +
                               row("2", R"(["Ada","a poet","who is she","a coder"])", "why", "why is Ada a coder") +
                               row("3", R"(["Bees","insects"])", "what is honey", "what is honey");

std::vector<NamedRewriteSystem> systems(const std::vector<std::string>& names) {
  std::vector<NamedRewriteSystem> found;
  for (const std::string& name : names) found.push_back(*find_rewrite_system(name));
  return found;
}

std::string concatenated(RewriteRow row) {
  return *find_rewrite_system("concatenate")->rewrite(row);
}

void expect_fault(const Status& status, ErrorKind kind, const std::string& what) {
  REQUIRE_FALSE(status);
  INFO(status.error().text);
  CHECK(status.error().kind == kind);
  CHECK(status.error().text.find(what) != std::string::npos);
}

Status take_nothing(const RewriteRow&) {
  return {};
}

}  // namespace

TEST_CASE("rows: read plain and gzipped, with what may be absent") {
  const Scratch scratch;
  const std::string lines = kThreeRows + "\n{\"id\":\"4\",\"query\":\"它呢\",\"rewrite\":\"苹果手机怎么样呢\"}\n";
  for (const auto& file : {scratch.write("a.jsonl", lines), scratch.write("b.jsonl.gz", *gzipped(lines))}) {
    std::vector<RewriteRow> rows;
    REQUIRE(for_each_rewrite_row(file, [&](const RewriteRow& read) -> Status {
      rows.push_back(read);
      return {};
    }));
    REQUIRE(rows.size() == 4);
    CHECK(rows[1].history.size() == 4);
    CHECK(rows[1].query == "why");
    CHECK(rows[3].history.empty());
    CHECK(rows[3].language == "zh");
  }
}

TEST_CASE("rows: a broken line is told with its file and number") {
  const Scratch scratch;
  const std::string good = row("1", "[]", "q", "r");
  const auto fault = [&](const std::string& line, ErrorKind kind, const std::string& what) {
    const auto file = scratch.write("rows.jsonl", good + line);
    expect_fault(for_each_rewrite_row(file, take_nothing), kind, "rows.jsonl' line 2: " + what);
  };
  fault("no json", ErrorKind::bad_input, "this is no JSON object");
  fault("[]", ErrorKind::bad_input, "this is no JSON object");
  fault(R"({"id":"2","query":"q"})", ErrorKind::bad_input, "\"rewrite\" is missing");
  fault(R"({"id":"2","query":7,"rewrite":"r"})", ErrorKind::bad_input, "\"query\" is no string");
  fault(row("2", "[]", "q", " "), ErrorKind::bad_input, "\"rewrite\" is empty");
  fault(row("", "[]", "q", "r"), ErrorKind::bad_input, "\"id\" is empty");
  fault(row("1", "[]", "q", "r"), ErrorKind::bad_input, "the id '1' came before");
  fault(row("2", "{}", "q", "r"), ErrorKind::bad_input, "\"history\" is no array");
  fault(row("2", "[1]", "q", "r"), ErrorKind::bad_input, "\"history\" holds");
  fault(R"({"id":"2","lang":1,"query":"q","rewrite":"r"})", ErrorKind::bad_input, "\"lang\" is no string");
  const std::string longest(kMaxRewriteBytes, 'x');
  fault(row("2", "[]", longest + "x", "r"), ErrorKind::too_large, "\"query\" is longer");
  fault(row("2", "[\"" + std::string(kMaxRewriteHistoryBytes, 'x') + "\"]", "q", "r"), ErrorKind::too_large,
        "\"history\" is longer");
  CHECK(for_each_rewrite_row(scratch.write("rows.jsonl", row("2", "[]", longest, longest)), take_nothing));
  expect_fault(for_each_rewrite_row("/nowhere.jsonl", take_nothing), ErrorKind::not_found, "no file");
  CHECK(evaluate_rewriting(scratch.write("rows.jsonl", "\n"), systems({"raw"})).error().text == "the file has no rows");
}

TEST_CASE("concatenation takes the user's turns, and spaces only where the language has them") {
  CHECK(concatenated({"1", "en", {"u1", "a1", "u2", "a2"}, "q", ""}) == "u1 u2 q");
  CHECK(concatenated({"1", "en", {"a0", "u1", "a1"}, "q", ""}) == "u1 q");
  CHECK(concatenated({"1", "zh-CN", {"问", "答"}, "呢", ""}) == "问呢");
  CHECK(concatenated({"1", "en", {}, "q", ""}) == "q");
  CHECK(find_rewrite_system("neural").error().kind == ErrorKind::bad_input);
}

TEST_CASE("a run: systems never see the human rewrite, and are probed with complete questions") {
  const Scratch scratch;
  const auto file = scratch.write("rows.jsonl", kThreeRows);
  std::vector<std::string> asked;
  const NamedRewriteSystem spy = {"spy",
                                  [&](const RewriteRow& given) -> Result<std::string> {
                                    CHECK(given.rewrite.empty());
                                    asked.push_back(given.query + " | " + given.history.front());
                                    return given.history.front() == "Bees" ? given.query + "!" : given.query;
                                  },
                                  std::nullopt};
  const auto evaluation = evaluate_rewriting(file, std::vector{spy});
  REQUIRE(evaluation);
  // The two rows on Ada are one conversation; a stranger's history is there for the bees alone.
  CHECK(asked == std::vector<std::string>{"who is she | Ada", "who is Ada | Ada", "why | Ada",
                                          "why is Ada a coder | Ada", "what is honey | Bees", "what is honey | Bees",
                                          "what is honey | Ada"});
  const auto& metrics = evaluation->systems[0].metrics;
  CHECK(metrics.at("fed_back_unchanged").value == doctest::Approx(2.0 / 3));
  CHECK(metrics.at("stranger_unchanged").value == 1);
  CHECK(metrics.at("unchanged_accuracy").value == 0);
  CHECK(evaluation->systems[0].latency_ms);

  asked.clear();
  const auto unprobed = evaluate_rewriting(file, std::vector{spy}, {.resamples = 0, .seed = 1, .probe = false});
  REQUIRE(unprobed);
  CHECK(asked.size() == 3);
  CHECK_FALSE(unprobed->systems[0].metrics.contains("fed_back_unchanged"));
  CHECK_FALSE(unprobed->systems[0].metrics.at("bleu4").interval);
}

TEST_CASE("a run: a row that fails counts as an empty rewrite and is told; being stopped ends it all") {
  const Scratch scratch;
  const auto file = scratch.write("rows.jsonl", kThreeRows);
  const NamedRewriteSystem fails = {"fails",
                                    [](const RewriteRow& given) -> Result<std::string> {
                                      if (given.query == "why") return Error{ErrorKind::timeout, "too slow"};
                                      return given.query;
                                    },
                                    std::nullopt};
  const auto evaluation = evaluate_rewriting(file, std::vector{fails});
  REQUIRE(evaluation);
  CHECK(evaluation->systems[0].failed == 1);
  CHECK(evaluation->systems[0].metrics.at("exact_match").value == doctest::Approx(1.0 / 3));
  CHECK(evaluation->systems[0].notes.at(0).find("row '2': too slow") != std::string::npos);

  const NamedRewriteSystem stops = {"stops",
                                    [](const RewriteRow&) -> Result<std::string> {
                                      return Error{ErrorKind::cancelled, "stop"};
                                    },
                                    std::nullopt};
  CHECK(evaluate_rewriting(file, std::vector{stops}).error().kind == ErrorKind::cancelled);
  std::stop_source stop;
  stop.request_stop();
  CHECK(evaluate_rewriting(file, systems({"raw"}), {}, {}, stop.get_token()).error().kind == ErrorKind::cancelled);
}

TEST_CASE("predictions: JSON lines and columns score alike; what is missing or of other rows is told") {
  const Scratch scratch;
  const auto file = scratch.write("rows.jsonl", kThreeRows);
  const auto lines = scratch.write("a.jsonl",
                                   "{\"id\":\"1\",\"rewrite\":\"who is Ada\",\"time\":3}\n"
                                   "{\"id\":\"3\",\"rewrite\":\"\"}\n{\"id\":\"9\",\"rewrite\":\"x\"}\n");
  const auto columns = scratch.write("b.tsv.gz", *gzipped("1\twho is Ada\r\n3\t\n9\tx\n"));
  const std::vector<NamedRewriteSystem> both = {*load_rewrite_predictions(lines), *load_rewrite_predictions(columns)};
  const auto evaluation = evaluate_rewriting(file, both);
  REQUIRE(evaluation);
  CHECK(evaluation->systems[1].system == "b");
  for (const RewriteEvalResult& result : evaluation->systems) {
    CHECK(result.metrics.at("exact_match").value == doctest::Approx(1.0 / 3));
    CHECK(result.failed == 1);
    CHECK(result.notes.at(0).find("row '2'") != std::string::npos);
    CHECK(result.notes.at(1) == "1 predictions are for rows that are not here");
    CHECK_FALSE(result.latency_ms);
  }
  const auto fault = [&](const std::string& name, const std::string& content, const std::string& what) {
    const auto loaded = load_rewrite_predictions(scratch.write(name, content));
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().text.find(what) != std::string::npos);
  };
  fault("c.jsonl", "{\"id\":\"1\"}", "line 1: \"rewrite\" is missing");
  fault("c.jsonl", "\n1\tx\n", "line 2: this is no JSON object");
  fault("c.tsv", "1\tx\n1\ty\n", "line 2: the id '1' came before");
  fault("c.tsv", "1 x\n", "line 1: this is not two columns");
  fault("c.tsv", "1\tx\ty\n", "line 1: this is not two columns");
  fault("c.tsv", "1\t" + std::string(kMaxPredictionBytes, 'x'), "line 1: the id or the rewrite is too long");
}

TEST_CASE("by length: short and long rows apart, as if each were a file of its own") {
  const Scratch scratch;
  const std::string brief = row("1", "[]", "who is it", "who is Ada");
  const std::string longer = row("2", R"(["Bees make honey ."])", "how", "how do bees");
  const auto both = scratch.write("both.jsonl", brief + longer);
  const auto apart = evaluate_rewriting(both, systems({"raw", "concatenate"}), {.resamples = 20, .lengths = {3, 50}});
  REQUIRE(apart);
  REQUIRE(apart->lengths.size() == 2);
  CHECK(apart->lengths[0].high == 3);
  CHECK(apart->lengths[1].low == 5);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto alone = evaluate_rewriting(scratch.write("one.jsonl", i == 0 ? brief : longer),
                                          systems({"raw", "concatenate"}), {.resamples = 20});
    REQUIRE(alone);
    CHECK(apart->lengths[i].rows == 1);
    for (std::size_t system = 0; system < 2; ++system) {
      const auto& found = apart->lengths[i].systems[system];
      CHECK(found.metrics.at("bleu4").value == alone->systems[system].metrics.at("bleu4").value);
      CHECK(found.metrics.at("bleu4").interval);
      CHECK(found.differences.size() == alone->systems[system].differences.size());
    }
  }
  CHECK(evaluate_rewriting(both, systems({"raw"}), {.lengths = {5, 5}}).error().kind == ErrorKind::bad_input);
}

TEST_CASE("intervals: paired, so that equal systems differ by nothing, and the same for the same seed") {
  const Scratch scratch;
  std::string lines;
  for (int i = 0; i < 200; ++i) {
    const std::string id = std::to_string(i);
    lines += row(id, "[\"topic " + id + "\",\"a\"]", "why", i < 50 ? "why" : "why topic " + id);
  }
  const auto file = scratch.write("rows.jsonl", lines);
  const auto evaluation = evaluate_rewriting(file, systems({"raw", "raw", "concatenate"}));
  REQUIRE(evaluation);
  const auto& raw = evaluation->systems[0].metrics.at("exact_match");
  CHECK(raw.value == 0.25);
  REQUIRE(raw.interval);
  // The share of 200 rows has a standard error of 0.0306; 1.96 of them on either side.
  CHECK(raw.interval->low == doctest::Approx(0.19).epsilon(0.08));
  CHECK(raw.interval->high == doctest::Approx(0.31).epsilon(0.08));
  const auto& same = evaluation->systems[1].differences.at("bleu4");
  CHECK(same.value == 0);
  CHECK(same.interval->low == 0);
  CHECK(same.interval->high == 0);
  const auto& better = evaluation->systems[2].differences.at("rewriting_f1");
  CHECK(better.value > 0.5);
  CHECK(better.interval->low > 0.5);
  const auto again = evaluate_rewriting(file, systems({"raw", "raw", "concatenate"}));
  CHECK(again->systems[2].differences.at("bleu4").interval->low ==
        evaluation->systems[2].differences.at("bleu4").interval->low);
}

// Numbers of sacrebleu 2.6.0 and rouge-score 0.1.2 (tools/bench/rewriting_golden.py with two files).
TEST_CASE("development sets: raw and concatenated queries score what the field's tools say") {
  const char* given = std::getenv("ATTUNE_SHARED");
  const std::filesystem::path shared = given != nullptr ? given : ATTUNE_SOURCE_DIR "/../shared";
  const std::filesystem::path folder = shared / "data" / "rewrite";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: there is no folder '" << folder.string() << "'");
    return;
  }
  struct Known {
    const char* file;
    double raw_bleu, raw_rouge, joined_bleu, joined_rouge;
  };
  const Known sets[] = {{"zh-dialogue-dev.jsonl", 0.494907323, 0.710158773, 0.425916539, 0.642669326},
                        {"canard-dev-en.jsonl", 0.378268391, 0.697683604, 0.129504236, 0.379300579}};
  for (const Known& set : sets) {
    const auto evaluation = evaluate_rewriting(folder / set.file, systems({"raw", "concatenate"}), {.resamples = 0});
    REQUIRE(evaluation);
    const auto& raw = evaluation->systems[0].metrics;
    const auto& joined = evaluation->systems[1].metrics;
    CHECK(std::abs(raw.at("bleu4").value - set.raw_bleu) < 1e-8);
    CHECK(std::abs(raw.at("rouge_l").value - set.raw_rouge) < 1e-8);
    CHECK(std::abs(joined.at("bleu4").value - set.joined_bleu) < 1e-8);
    CHECK(std::abs(joined.at("rouge_l").value - set.joined_rouge) < 1e-8);
  }
}

}  // namespace attune
