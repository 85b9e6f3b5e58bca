#include <doctest/doctest.h>

#include "attune/rerank.hpp"

#include "temporary_folder.hpp"

namespace attune {

TEST_CASE("reranker: an absent model is unavailable, so that callers keep the order of retrieval and say so") {
  const testing::TemporaryFolder folder;
  const auto reranker = open_reranker(folder.path());
  REQUIRE_FALSE(reranker);
  CHECK(reranker.error().kind == ErrorKind::unavailable);
}

TEST_CASE("reranker: a model that this version cannot run is not taken for no model") {
  const testing::TemporaryFolder folder;
  folder.write("model.safetensors", "weights");
  const auto reranker = open_reranker(folder.path());
  REQUIRE_FALSE(reranker);
  CHECK(reranker.error().kind == ErrorKind::unsupported);
}

}  // namespace attune
