#include "pipeline/ingest_plan.hpp"

#include <doctest/doctest.h>

namespace attune::pipeline {
namespace {

ScannedFile scanned(const std::string& path, std::uint64_t size, std::int64_t modified_ns) {
  return {.path = path, .absolute = "/root/" + path, .size = size, .modified_ns = modified_ns};
}

DocumentStamp stamp(std::int64_t id, const std::string& path, std::uint64_t size, std::int64_t modified_ns) {
  return {.id = id, .path = path, .sha256 = "", .size = size, .modified_ns = modified_ns, .made_by = "v1"};
}

}  // namespace

TEST_CASE("plan: only new and touched files are read, and only vanished ones are missing") {
  Scan scan;
  scan.files = {scanned("new.md", 1, 1), scanned("same.md", 2, 2), scanned("touched.md", 3, 9)};
  const auto plan =
      plan_ingest(scan, {stamp(1, "same.md", 2, 2), stamp(2, "touched.md", 3, 3), stamp(3, "gone.md", 4, 4)}, "v1");
  REQUIRE(plan.to_read.size() == 2);
  CHECK(plan.to_read[0].path == "new.md");
  CHECK(plan.to_read[1].path == "touched.md");
  REQUIRE(plan.missing.size() == 1);
  CHECK(plan.missing[0].id == 3);
  CHECK(plan.unchanged == 1);
}

TEST_CASE("plan: a document made by another version is read again") {
  Scan scan;
  scan.files = {scanned("same.md", 2, 2)};
  CHECK(plan_ingest(scan, {stamp(1, "same.md", 2, 2)}, "v2").to_read.size() == 1);
}

TEST_CASE("plan: what lies below an unreadable folder is not taken for gone") {
  Scan scan;
  scan.skipped = {{"locked", "permission denied"}};
  const auto plan = plan_ingest(scan, {stamp(1, "locked/a.md", 1, 1), stamp(2, "locked2/b.md", 1, 1)}, "v1");
  REQUIRE(plan.missing.size() == 1);
  CHECK(plan.missing[0].path == "locked2/b.md");
}

TEST_CASE("collection name: the folder's own, with parents in front while another folder has it") {
  const std::vector<Collection> existing = {{1, "docs", "/home/ada/docs"}};
  CHECK(collection_name_for(existing, "/home/ada/docs") == "docs");
  CHECK(collection_name_for(existing, "/home/bob/docs") == "bob/docs");
  CHECK(collection_name_for({}, "/home/bob/docs") == "docs");
  CHECK(collection_name_for({}, "/") == "root");
}

}  // namespace attune::pipeline
