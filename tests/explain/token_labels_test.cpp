// Which tokens a word is, and what people see of tokens.
#include "explain/token_labels.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace attune::explain {
namespace {

// Tokens at these places of a text, between two special ones.
std::vector<ExplainedToken> tokens_at(std::string_view text, const std::vector<ByteSpan>& spans) {
  std::vector<ExplainedToken> tokens(1);
  tokens[0].special = true;
  for (const ByteSpan span : spans) {
    ExplainedToken token;
    token.span = span;
    token.label = token_label(text, span, "▁");
    tokens.push_back(token);
  }
  tokens.emplace_back().special = true;
  return tokens;
}

std::vector<std::size_t> found(std::string_view text, const std::vector<ByteSpan>& spans, const std::string& word) {
  const auto tokens = tokens_at(text, spans);
  const auto group = find_word({text, tokens}, word);
  return group ? group->token_indices : std::vector<std::size_t>{};
}

}  // namespace

TEST_CASE("words: a word inside a longer one is not the word, whole tokens and the same case come first") {
  const std::string text = "with It it";
  const std::vector<ByteSpan> spans = {{0, 4}, {5, 7}, {8, 10}};
  CHECK(found(text, spans, "it") == std::vector<std::size_t>{3});
  CHECK(found(text, spans, "It") == std::vector<std::size_t>{2});
  CHECK(found(text, spans, "IT") == std::vector<std::size_t>{2});
  CHECK(found(text, spans, "wit").empty());
  CHECK(found(text, spans, "3") == std::vector<std::size_t>{2});
  CHECK(found(text, spans, "6").empty());
}

TEST_CASE("words: a word of several pieces is all of them, a piece of several words is said to be one") {
  const std::string text = "tiredness 因为它太";
  const std::vector<ByteSpan> spans = {{0, 5}, {5, 9}, {10, 19}, {19, 22}};
  CHECK(found(text, spans, "tiredness") == std::vector<std::size_t>{1, 2});
  CHECK(found(text, spans, "它") == std::vector<std::size_t>{3});
  const auto tokens = tokens_at(text, spans);
  const auto held = find_word({text, tokens}, "它");
  REQUIRE(held);
  CHECK(held->note == "the model reads '它' as part of '因为它'");
  const auto whole = find_word({text, tokens}, "太");
  REQUIRE(whole);
  CHECK(whole->note.empty());
}

TEST_CASE("words: a repeated word says so, and a prefix is not searched") {
  const std::string text = "it: it it";
  const std::vector<ByteSpan> spans = {{0, 2}, {2, 3}, {4, 6}, {7, 9}};
  const auto tokens = tokens_at(text, spans);
  const auto all = find_word({text, tokens}, "it");
  REQUIRE(all);
  CHECK(all->token_indices == std::vector<std::size_t>{1});
  CHECK(all->note.find("3 places") != std::string::npos);
  const auto behind = find_word({text, tokens, 4}, "it");
  REQUIRE(behind);
  CHECK(behind->token_indices == std::vector<std::size_t>{3});
}

TEST_CASE("labels: a piece that goes on in a word is marked, spaces and controls are not shown") {
  const std::string text = "tiredness, \n它们";
  CHECK(token_label(text, {0, 5}, "▁tired") == "tired");
  CHECK(token_label(text, {5, 9}, "ness") == "…ness");
  CHECK(token_label(text, {9, 10}, ",") == ",");
  CHECK(token_label(text, {10, 15}, "▁它") == "它");
  CHECK(token_label(text, {15, 18}, "们") == "们");
  CHECK(token_label(text, {10, 12}, "▁") == "(space)");
  CHECK(token_label(text, {11, 12}, "<0x0A>") == "<0x0A>");
  CHECK(token_label("a\tb", {0, 3}, "x") == "a b");
}

TEST_CASE("labels: they are cut and filled to columns, wide characters counting two") {
  CHECK(display_width("it") == 2);
  CHECK(display_width("动物") == 4);
  CHECK(display_width("e\xCC\x81") == 1);
  CHECK(padded("动物", 6) == "动物  ");
  CHECK(padded("动物没有", 6) == "动物… ");
  CHECK(padded("animal", 4) == "ani…");
}

}  // namespace attune::explain
