#include <filesystem>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <zlib.h>

#include "attune/core/file.hpp"
#include "attune/eval.hpp"

#include "temporary_folder.hpp"

namespace attune {

namespace {

struct Folder {
  Folder() {
    write("corpus.jsonl", "{\"_id\":\"1\",\"title\":\"T\",\"text\":\"one\"}\n\n{\"_id\":\"2\",\"text\":\"two\"}\n");
    write("queries.jsonl", "{\"_id\":\"q1\",\"text\":\"one?\"}\n{\"_id\":\"q2\",\"text\":\"nobody judged this\"}\n");
    write("qrels/test.tsv", "query-id\tcorpus-id\tscore\r\nq1\t1\t1\r\nq1\t2\t0\r\n");
  }
  std::filesystem::path write(const std::string& name, std::string_view content) const {
    temporary.write(name, content);
    return path / name;
  }
  attune::testing::TemporaryFolder temporary;
  std::filesystem::path path = temporary.path();
};

std::string gzipped(const std::string& text, const std::filesystem::path& file) {
  const gzFile out = gzopen(file.c_str(), "wb");
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
  return *read_file(file, 1 << 20);
}

// The failure's text names the file, the line and what is wrong.
void expect_fault(const Result<Dataset>& dataset, const std::string& file, const std::string& what) {
  REQUIRE_FALSE(dataset);
  INFO(dataset.error().text);
  CHECK(dataset.error().text.find(file) != std::string::npos);
  CHECK(dataset.error().text.find(what) != std::string::npos);
}

}  // namespace

TEST_CASE("data set: a BEIR folder is read with the queries that are judged, gzipped files alike") {
  const Folder folder;
  const auto dataset = load_dataset(folder.path);
  REQUIRE(dataset);
  CHECK(dataset->corpus.size() == 2);
  CHECK(dataset->corpus[0].title == "T");
  REQUIRE(dataset->queries.size() == 1);
  CHECK(dataset->queries[0].id == "q1");
  CHECK(dataset->qrels.at("q1").at("1") == 1);
  CHECK(dataset->name == folder.path.filename().string());

  const auto corpus = *read_file(folder.path / "corpus.jsonl", 1 << 20);
  gzipped(corpus, folder.path / "corpus.jsonl.gz");
  std::filesystem::remove(folder.path / "corpus.jsonl");
  const auto again = load_dataset(folder.path.string() + "/");
  REQUIRE(again);
  CHECK(again->corpus_sha256 == dataset->corpus_sha256);
  CHECK(again->name == dataset->name);
}

TEST_CASE("data set: each fault is told with its file and line") {
  const Folder folder;
  expect_fault(load_dataset(folder.path, "dev"), "dev.tsv", "no file");
  folder.write("corpus.jsonl", "{\"_id\":\"1\",\"text\":\"one\"}\nno json\n");
  expect_fault(load_dataset(folder.path), "corpus.jsonl' line 2", "no JSON object");
  folder.write("corpus.jsonl", "{\"_id\":\"1\"}\n");
  expect_fault(load_dataset(folder.path), "corpus.jsonl' line 1", "\"text\" is missing");
  folder.write("corpus.jsonl", "{\"_id\":7,\"text\":\"one\"}\n");
  expect_fault(load_dataset(folder.path), "corpus.jsonl' line 1", "\"_id\" is no string");
  folder.write("corpus.jsonl", "{\"_id\":\"1\",\"text\":\"one\"}\n{\"_id\":\"1\",\"text\":\"two\"}");
  expect_fault(load_dataset(folder.path), "corpus.jsonl' line 2", "came before");
  folder.write("corpus.jsonl", "{\"_id\":\"1\",\"text\":\"one\"}");
  folder.write("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\t1\thigh\n");
  expect_fault(load_dataset(folder.path), "test.tsv' line 2", "no grade");
  folder.write("qrels/test.tsv", "q1 1\n");
  expect_fault(load_dataset(folder.path), "test.tsv' line 1", "three columns");
  folder.write("qrels/test.tsv", "");
  expect_fault(load_dataset(folder.path), "test.tsv", "no judgements");
}

TEST_CASE("data set: a gzipped file that breaks off is no shorter data set but a fault") {
  const Folder folder;
  std::string corpus;
  for (int i = 0; i < 3'000; ++i) {
    corpus += "{\"_id\":\"" + std::to_string(i) + "\",\"text\":\"" + std::to_string(i * i) + "\"}\n";
  }
  const auto bytes = gzipped(corpus, folder.path / "corpus.jsonl.gz");
  std::filesystem::remove(folder.path / "corpus.jsonl");
  REQUIRE(load_dataset(folder.path));
  for (const std::size_t keep : {bytes.size() - 1, bytes.size() / 2, std::size_t{20}}) {
    folder.write("corpus.jsonl.gz", std::string_view(bytes).substr(0, keep));
    expect_fault(load_dataset(folder.path), "corpus.jsonl.gz", "breaks off");
  }
}

TEST_CASE("TREC files: judgements in four columns and runs are read, and a run that was written reads the same") {
  const Folder folder;
  const auto qrels = load_qrels(folder.write("trec.qrels", "q1 0 d1 2\nq1 0 d2 -1\n"));
  REQUIRE(qrels);
  CHECK(qrels->at("q1").at("d2") == -1);
  const auto beir = load_qrels(folder.write("beir.tsv", "query-id\tcorpus-id\tscore\nq1\tAlû|A god of the night\t1\n"));
  REQUIRE(beir);
  CHECK(beir->at("q1").at("Alû|A god of the night") == 1);
  const Run run = {{"q1", {{"low", 0.125}, {"high", 7.5}}}, {"q2", {{"only", -3}}}};
  REQUIRE(save_run(folder.path / "out.trec", run, "tag"));
  CHECK(*read_file(folder.path / "out.trec", 1 << 20) ==
        "q1 Q0 high 1 7.5 tag\nq1 Q0 low 2 0.125 tag\nq2 Q0 only 1 -3 tag\n");
  const auto read = load_run(folder.path / "out.trec");
  REQUIRE(read);
  CHECK(read->at("q1").front().id == "high");
  CHECK(load_run(folder.write("bad.trec", "q1 Q0 d1 1 7.5\n")).error().text.find("six columns") != std::string::npos);
  CHECK(load_run(folder.write("bad.trec", "q1 Q0 d1 1 nan tag\n")).error().text.find("no score") != std::string::npos);
}

TEST_CASE("configurations: each says whether it needs vectors, and what does not exist is a bad request") {
  CHECK_FALSE(*config_needs_vectors("bm25"));
  CHECK(*config_needs_vectors("default"));
  CHECK(*config_needs_vectors("hybrid+rewrite"));
  CHECK(config_needs_vectors("bm26").error().kind == ErrorKind::bad_input);
}

TEST_CASE("results: the JSON has the shape that scripts rely on") {
  EvalResult result;
  result.config = "bm25";
  result.metrics = {{"nDCG@10", 0.5}};
  result.latency_ms = {1, 2, 3};
  const auto json = nlohmann::json::parse(eval_to_json(std::vector{result}));
  CHECK(json["runs"][0]["config"] == "bm25");
  CHECK(json["runs"][0]["metrics"]["nDCG@10"] == 0.5);
  CHECK(json["runs"][0]["latency_ms"]["p50"] == 1);
}

}  // namespace attune
