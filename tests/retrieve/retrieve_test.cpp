#include "attune/retrieve.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "index/fake_store.hpp"
#include "retrieve/fake_embedder.hpp"

namespace attune {
using attune::testing::FakeEmbedder;
using attune::testing::FakeStore;

namespace {

// A unit vector in the plane.
std::vector<float> at_degrees(double degrees) {
  const double radians = degrees * 3.14159265358979 / 180;
  return {static_cast<float>(std::cos(radians)), static_cast<float>(std::sin(radians))};
}

ChunkRecord record(std::int64_t id, const std::string& text, const std::string& language = "en") {
  ChunkRecord made;
  made.chunk.id = id;
  made.chunk.document_id = 100 + id;
  made.chunk.text = text;
  made.chunk.span = {10, 10 + text.size()};
  made.chunk.page = 3;
  made.chunk.line = 7;
  made.chunk.heading = "Networks › Static";
  made.document.id = 100 + id;
  made.document.collection = "notes";
  made.document.path = "p" + std::to_string(id) + ".md";
  made.document.title = "Title " + std::to_string(id);
  made.document.sha256 = std::string(64, 'a');
  made.document.format = "markdown";
  made.document.language = language;
  return made;
}

Query question(std::string text, std::size_t top_k = 10) {
  return {.text = std::move(text), .top_k = top_k, .filters = {}};
}

struct Fixture {
  FakeStore store;
  FakeEmbedder embedder{2, {{"static address", at_degrees(0)}, {"?", at_degrees(90)}}};
  std::unique_ptr<VectorIndex> vectors;

  void add(std::int64_t id, const std::string& text, double degrees, const std::string& language = "en") {
    store.put_record(record(id, text, language));
    store.put_vector(id, at_degrees(degrees));
  }
  RetrieveSources sources() {
    vectors = *VectorIndex::open(store, "fake@0", 2);
    return {&store, vectors.get(), &embedder};
  }
};

std::vector<std::int64_t> ids(const Retrieved& retrieved) {
  std::vector<std::int64_t> found;
  for (const Hit& hit : retrieved.hits) found.push_back(hit.chunk_id);
  return found;
}

bool noted(const Retrieved& retrieved, std::string_view words) {
  return std::ranges::any_of(retrieved.notes, [&](const std::string& note) { return note.find(words) != note.npos; });
}

}  // namespace

TEST_CASE("retrieve: both legs are fused, and each hit carries its text, citation, parts, snippet and highlights") {
  Fixture with;
  with.add(1, "A static address never changes.", 60);
  with.add(2, "Dynamic ones come from a server.", 10);
  with.add(3, "Neither.", 80);
  with.store.set_word_hits({{1, 5.0F}, {2, 1.0F}});
  const auto found = retrieve(with.sources(), question("static address"));
  REQUIRE(found);
  CHECK(ids(*found) == std::vector<std::int64_t>{1, 2, 3});
  const Hit& hit = found->hits[0];
  CHECK(hit.text == "A static address never changes.");
  CHECK(hit.citation.span == ByteSpan{10, 41});
  CHECK(hit.citation.page == 3);
  CHECK(hit.citation.line == 7);
  CHECK(hit.citation.heading == "Networks › Static");
  CHECK(hit.document_id == 101);
  CHECK(hit.path == "p1.md");
  CHECK(hit.title == "Title 1");
  CHECK(hit.collection == "notes");
  CHECK(hit.language == "en");
  CHECK(hit.sha256.size() == 64);
  CHECK(hit.snippet == ByteSpan{0, 31});
  REQUIRE(hit.highlights.size() == 2);
  CHECK(hit.highlights[0].of(hit.text) == "static");
  CHECK(hit.highlights[1].of(hit.text) == "address");
  for (const Hit& each : found->hits) {
    float sum = 0;
    for (const ScorePart& part : each.parts) sum += part.contribution;
    CHECK(each.score == sum);
    CHECK_FALSE(each.parts.empty());
  }
  CHECK(found->notes.empty());
  CHECK(found->timings_ms.contains("words"));
  CHECK(found->timings_ms.contains("dense"));
}

TEST_CASE("retrieve: near-duplicates of better hits make room for others and are counted") {
  Fixture with;
  with.add(1, "first", 0);
  with.add(2, "almost first", 3);
  with.add(3, "first", 45);
  with.add(4, "other", 60);
  with.add(5, "erste", 4, "de");
  const auto sources = with.sources();
  const RetrieveOptions dense_only{.words = false};
  const auto found = retrieve(sources, question("static address", 3), dense_only);
  REQUIRE(found);
  CHECK(ids(*found) == std::vector<std::int64_t>{1, 5, 4});  // 2 looks like 1, 3 has its text, 5 is in another language
  CHECK(noted(*found, "2 near-duplicates of better hits were left out"));
  const auto all = retrieve(sources, question("static address", 10), {.words = false, .near_duplicate = 0});
  REQUIRE(all);
  CHECK(ids(*all) == std::vector<std::int64_t>{1, 2, 5, 3, 4});
  CHECK(all->notes.empty());
}

TEST_CASE("retrieve: the same text twice is shown once even without vectors") {
  Fixture with;
  with.store.put_record(record(1, "same words"));
  with.store.put_record(record(2, "same words"));
  with.store.set_word_hits({{1, 2.0F}, {2, 2.0F}});
  const auto found = retrieve({&with.store, nullptr, nullptr}, question("words"));
  REQUIRE(found);
  CHECK(ids(*found) == std::vector<std::int64_t>{1});
  CHECK(noted(*found, "1 near-duplicate of a better hit was left out"));
  CHECK(noted(*found, "no embedder is loaded: words only"));
}

TEST_CASE("retrieve: filters are asked once and hold for both legs") {
  Fixture with;
  with.add(1, "static", 0, "en");
  with.add(2, "静态", 20, "zh");
  with.add(3, "statisch", 40, "de");
  with.store.set_word_hits({{1, 5.0F}, {3, 4.0F}, {2, 1.0F}});
  Query query = question("static address");
  query.filters.languages = {"zh", "de"};
  const auto found = retrieve(with.sources(), query);
  REQUIRE(found);
  CHECK(ids(*found) == std::vector<std::int64_t>{2, 3});
  CHECK(with.store.filter_calls == 1);
  query.filters.languages = {"fr"};
  const auto none = retrieve(with.sources(), query);
  REQUIRE(none);
  CHECK(none->hits.empty());
  CHECK(noted(*none, "no passage passes the filters"));
}

TEST_CASE("retrieve: a leg that fails is a note when the other answers, else the failure") {
  Fixture with;
  with.add(1, "static", 0);
  with.store.set_word_hits({{1, 5.0F}});
  with.embedder.failure = Error{ErrorKind::internal, "weights are gone"};
  const auto words = retrieve(with.sources(), question("static address"));
  REQUIRE(words);
  CHECK(ids(*words) == std::vector<std::int64_t>{1});
  CHECK(noted(*words, "weights are gone"));
  with.store.set_word_failure(Error{ErrorKind::corrupt, "the file is damaged"});
  CHECK(retrieve(with.sources(), question("static address")).error().kind == ErrorKind::corrupt);
  with.embedder.failure.reset();
  const auto dense = retrieve(with.sources(), question("static address"));
  REQUIRE(dense);
  CHECK(noted(*dense, "the file is damaged"));
  with.embedder.failure = Error{ErrorKind::cancelled, "stopped"};
  CHECK(retrieve(with.sources(), question("static address")).error().kind == ErrorKind::cancelled);
}

TEST_CASE("retrieve: without vectors words answer and a note says so; without words either, nothing can answer") {
  Fixture with;
  with.store.put_record(record(1, "static"));
  with.store.set_word_hits({{1, 5.0F}});
  const auto found = retrieve(with.sources(), question("static address"));
  REQUIRE(found);
  CHECK(ids(*found) == std::vector<std::int64_t>{1});
  CHECK(noted(*found, "no vectors yet: words only"));
  CHECK(retrieve(with.sources(), question("static address"), {.words = false}).error().kind == ErrorKind::unavailable);
  CHECK(retrieve(with.sources(), question("x"), {.words = false, .dense = false}).error().kind == ErrorKind::bad_input);
}

TEST_CASE("retrieve: an empty question finds nothing and says so; a chunk that went meanwhile is skipped") {
  Fixture with;
  with.add(1, "static", 0);
  with.store.set_word_hits({{99, 9.0F}, {1, 5.0F}});
  CHECK(noted(*retrieve(with.sources(), question(" \n ")), "the question is empty"));
  CHECK(retrieve(with.sources(), question("x", 0))->hits.empty());
  CHECK(ids(*retrieve(with.sources(), question("static address"))) == std::vector<std::int64_t>{1});
}

TEST_CASE("retrieve: asked twice, it answers the same") {
  Fixture with;
  for (std::int64_t id = 1; id <= 40; ++id)
    with.add(id, "text " + std::to_string(id), static_cast<double>(id % 7) * 10);
  with.store.set_word_hits({{5, 1.0F}, {9, 1.0F}, {12, 1.0F}});
  const auto sources = with.sources();
  const auto first = retrieve(sources, question("static address"), {.near_duplicate = 0});
  for (int i = 0; i < 5; ++i) {
    CHECK(ids(*retrieve(sources, question("static address"), {.near_duplicate = 0})) == ids(*first));
  }
}

}  // namespace attune
