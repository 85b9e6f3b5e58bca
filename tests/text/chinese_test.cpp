#include <algorithm>

#include <doctest/doctest.h>

#include "attune/text.hpp"

#include "text/term_texts.hpp"

namespace attune::text {
namespace {

bool has(const Texts& terms, std::string_view wanted) {
  return std::find(terms.begin(), terms.end(), wanted) != terms.end();
}

}  // namespace

TEST_CASE("chinese: traditional text is rewritten by words") {
  CHECK(to_simplified("軟體在網路上") == "软件在网络上");
  CHECK(to_simplified("伺服器") == "服务器");
  CHECK(to_simplified("皇后然後頭髮發展乾燥") == "皇后然后头发发展干燥");
  CHECK(to_simplified("plain ASCII, 简体中文 и русский") == "plain ASCII, 简体中文 и русский");
  CHECK(to_simplified("").empty());
}

TEST_CASE("chinese: simplified text becomes traditional by phrases, and the rest stays") {
  CHECK(to_traditional("头发发白，皇后之后") == "頭髮發白，皇后之後");
  CHECK(to_traditional("繁體字, plain ASCII") == "繁體字, plain ASCII");
  CHECK(to_traditional("").empty());
}

TEST_CASE("chinese: a Taiwanese word is found by its mainland name and by its own characters") {
  const Texts terms = texts(index_terms("這個軟體很好"));
  CHECK(has(terms, "软件"));
  CHECK(has(terms, "软体"));
  CHECK(has(texts(query_terms("軟體")), "软件"));
  CHECK(has(texts(index_terms("網路連線")), "网络"));
  CHECK(has(texts(index_terms("網路連線")), "网路"));
}

TEST_CASE("chinese: both scripts give the same terms where both say it the same way") {
  CHECK(texts(index_terms("注意力機制讓模型專注於重要的部分")) ==
        texts(index_terms("注意力机制让模型专注于重要的部分")));
}

}  // namespace attune::text
