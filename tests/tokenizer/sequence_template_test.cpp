#include <algorithm>

#include <doctest/doctest.h>

#include "attune/tokenizer.hpp"

namespace attune {
namespace {

Encoding text_of(std::int32_t first_id, std::size_t tokens) {
  Encoding encoding;
  for (std::size_t index = 0; index < tokens; ++index) {
    encoding.ids.push_back(first_id + static_cast<std::int32_t>(index));
    encoding.offsets.push_back({index * 2, index * 2 + 1});
  }
  return encoding;
}

// How many tokens of each text are left.
std::vector<std::size_t> lengths_of(std::size_t first, std::size_t second, const InputLimits& limits) {
  const auto input = build_pair(SequenceTemplate::roberta(0, 2), text_of(10, first), text_of(1000, second), limits);
  if (!input) return {};
  const auto count = [&](int sequence) {
    return static_cast<std::size_t>(std::count(input->sequences.begin(), input->sequences.end(), sequence));
  };
  CHECK(input->ids.size() <= limits.max_tokens);
  CHECK(input->left_out == first + second - count(0) - count(1));
  return {count(0), count(1)};
}

using Lengths = std::vector<std::size_t>;

}  // namespace

TEST_CASE("one text stands between its special tokens, and two are told apart by type") {
  const auto single = build_input(SequenceTemplate::bert(101, 102), text_of(7, 2), {});
  REQUIRE(single);
  CHECK(single->ids == std::vector<std::int32_t>{101, 7, 8, 102});
  CHECK(single->types == std::vector<std::int32_t>{0, 0, 0, 0});
  CHECK(single->offsets[2] == ByteSpan{2, 3});
  CHECK(single->offsets[3].empty());

  const auto pair = build_pair(SequenceTemplate::bert(101, 102), text_of(7, 1), text_of(20, 2), {});
  REQUIRE(pair);
  CHECK(pair->ids == std::vector<std::int32_t>{101, 7, 102, 20, 21, 102});
  CHECK(pair->types == std::vector<std::int32_t>{0, 0, 0, 1, 1, 1});
  CHECK(pair->sequences == std::vector<std::int8_t>{-1, 0, -1, 1, 1, -1});
}

TEST_CASE("XLM-R puts two separators between the texts of a pair, all of one type") {
  const auto pair = build_pair(SequenceTemplate::roberta(0, 2), text_of(7, 1), text_of(20, 1), {});
  REQUIRE(pair);
  CHECK(pair->ids == std::vector<std::int32_t>{0, 7, 2, 2, 20, 2});
  CHECK(std::count(pair->types.begin(), pair->types.end(), 0) == 6);
}

TEST_CASE("without a template a pair is its two texts and nothing else") {
  const auto pair = build_pair({}, text_of(7, 1), text_of(20, 1), {});
  REQUIRE(pair);
  CHECK(pair->ids == std::vector<std::int32_t>{7, 20});
  CHECK(pair->types == std::vector<std::int32_t>{0, 1});
}

TEST_CASE("longest_first takes from the longer text until both are alike") {
  const auto limits = [](std::size_t most) { return InputLimits{most, Truncation::longest_first}; };
  CHECK(lengths_of(5, 5, limits(14)) == Lengths{5, 5});
  CHECK(lengths_of(3, 50, limits(24)) == Lengths{3, 17});
  CHECK(lengths_of(50, 3, limits(24)) == Lengths{17, 3});
  CHECK(lengths_of(50, 60, limits(25)) == Lengths{10, 11});
  CHECK(lengths_of(60, 50, limits(25)) == Lengths{11, 10});
  CHECK(lengths_of(60, 50, limits(4)) == Lengths{0, 0});
}

TEST_CASE("only one text gives way when asked so, and never all of it") {
  CHECK(lengths_of(5, 50, {20, Truncation::only_second}) == Lengths{5, 11});
  CHECK(lengths_of(50, 5, {20, Truncation::only_first}) == Lengths{11, 5});
  for (const Truncation truncation : {Truncation::only_first, Truncation::only_second}) {
    const auto input = build_pair(SequenceTemplate::roberta(0, 2), text_of(7, 16), text_of(20, 16), {20, truncation});
    REQUIRE_FALSE(input);
    CHECK(input.error().kind == ErrorKind::bad_input);
    CHECK(input.error().text.find("16 tokens") != std::string::npos);
  }
}

TEST_CASE("a limit below the number of special tokens is refused") {
  CHECK_FALSE(build_input(SequenceTemplate::bert(1, 2), text_of(7, 3), {1, Truncation::longest_first}));
  CHECK_FALSE(build_pair(SequenceTemplate::bert(1, 2), text_of(7, 3), text_of(7, 3), {2, Truncation::longest_first}));
  const auto bare = build_input(SequenceTemplate::bert(1, 2), text_of(7, 3), {2, Truncation::longest_first});
  REQUIRE(bare);
  CHECK(bare->ids == std::vector<std::int32_t>{1, 2});
  CHECK(bare->left_out == 3);
}

}  // namespace attune
