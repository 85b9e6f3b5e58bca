#include "store/fixture.hpp"
#include "store/glob.hpp"

namespace attune {

TEST_CASE("filters: '*' stays within a part of the path, '**' crosses parts, '?' is one character") {
  struct Case {
    const char* pattern;
    const char* path;
    bool matches;
  };
  const std::vector<Case> cases = {
      {"a.md", "a.md", true},
      {"a.md", "a.mdx", false},
      {"a.md", "b/a.md", false},
      {"*.md", "a.md", true},
      {"*.md", "b/a.md", false},
      {"*", "", true},
      {"*", "a/b", false},
      {"b/*", "b/a.md", true},
      {"b/*", "b/c/a.md", false},
      {"b/*/a.md", "b/c/a.md", true},
      {"b/*/a.md", "b/a.md", false},
      {"**", "a/b/c.md", true},
      {"**", "", true},
      {"b/**", "b/c/a.md", true},
      {"b/**", "bc/a.md", false},
      {"**/a.md", "a.md", true},
      {"**/a.md", "b/c/a.md", true},
      {"**/a.md", "b/ca.md", false},
      {"b/**/a.md", "b/a.md", true},
      {"b/**/a.md", "b/c/d/a.md", true},
      {"b/**/a.md", "b/c/da.md", false},
      {"b/**/a.md", "ba.md", false},
      {"**/x/**/*.md", "a/x/b/c.md", true},
      {"**/x/**/*.md", "x/c.md", true},
      {"a**.md", "a/b.md", true},
      {"?.md", "a.md", true},
      {"?.md", "中.md", true},
      {"??.md", "中.md", false},
      {"?", "/", false},
      {"a?b", "a/b", false},
      {"*中*", "x中y", true},
      {"[ab].md", "a.md", false},
      {"[ab].md", "[ab].md", true},
      {"A.md", "a.md", false},
      {"", "", true},
      {"", "a", false},
      {"*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
  };
  for (const Case& one : cases) {
    CHECK_MESSAGE(store::Glob(one.pattern).matches(one.path) == one.matches, one.pattern, " on ", one.path);
  }
}

TEST_CASE("filters: a hostile glob takes no longer than pattern times path") {
  std::string pattern;
  for (int i = 0; i < 500; ++i) pattern += "**a*";
  CHECK_FALSE(store::Glob(pattern + "b").matches(std::string(2'000, 'a')));
}

TEST_CASE_FIXTURE(StoreFixture, "filters: every field must match, within one field any value is enough") {
  const auto add = [&](std::int64_t collection, const char* path, const char* language, const char* format,
                       std::map<std::string, std::string> metadata) {
    Written made = written(collection, path, std::string("one line of ") + path + "\n", language);
    made.document.content.format = format;
    made.document.content.metadata = std::move(metadata);
    return need(store->chunks_of(put(*store, made)))[0].id;
  };
  const auto work = need(store->open_collection("work", "")).id;
  const auto home = need(store->open_collection("home", "")).id;
  const auto a = add(work, "a.md", "en", "markdown", {{"author", "Ada"}, {"year", "1843"}});
  const auto b = add(work, "docs/b.html", "zh", "html", {{"author", "Bob"}, {"year", "1843"}});
  const auto c = add(home, "docs/x/c.md", "en", "markdown", {});
  const auto matching = [&](const Filters& filters) { return need(store->matching_chunks(filters)); };

  CHECK(matching({}) == ChunkSet{a, b, c});
  CHECK(matching({.collections = {"work"}}) == ChunkSet{a, b});
  CHECK(matching({.collections = {"work", "home"}}) == ChunkSet{a, b, c});
  CHECK(matching({.collections = {"nowhere"}}).empty());
  CHECK(matching({.paths = {"docs/**"}}) == ChunkSet{b, c});
  CHECK(matching({.paths = {"docs/*", "a.*"}}) == ChunkSet{a, b});
  CHECK(matching({.languages = {"en-GB"}}) == ChunkSet{a, c});
  CHECK(matching({.formats = {"HTML"}}) == ChunkSet{b});
  CHECK(matching({.metadata = {{"Author", {"ada", "eve"}}}}) == ChunkSet{a});
  CHECK(matching({.metadata = {{"author", {"ada", "BOB"}}}}) == ChunkSet{a, b});
  CHECK(matching({.metadata = {{"author", {"ada", "bob"}}, {"year", {"1843"}}}}) == ChunkSet{a, b});
  CHECK(matching({.metadata = {{"author", {"ada"}}, {"year", {"1844"}}}}).empty());
  CHECK(matching({.metadata = {{"missing", {"x"}}}}).empty());
  CHECK(matching({.collections = {"work"}, .languages = {"zh"}, .formats = {"html", "markdown"}}) == ChunkSet{b});

  const DocumentPage page = need(store->list_documents({.languages = {"en"}}, 1, 5));
  CHECK(page.total == 2);
  REQUIRE(page.documents.size() == 1);
  CHECK(page.documents[0].path == "a.md");  // after "home"
  CHECK(page.documents[0].chunks == 1);
  CHECK(page.documents[0].pending == 1);
  CHECK(page.documents[0].metadata.at("year") == "1843");
  CHECK(need(store->list_documents({}, 0, 0)).total == 3);
  CHECK(need(store->list_documents({}, -3, -1)).documents.empty());
  CHECK(need(store->languages()) == std::vector<std::string>{"en", "zh"});
}

}  // namespace attune
