#include "attune/core/result.hpp"

#include <memory>
#include <set>
#include <string>

#include <doctest/doctest.h>

using attune::Error;
using attune::ErrorKind;
using attune::Result;
using attune::Status;

namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{ErrorKind::bad_input, std::to_string(number) + " is odd"};
  return number / 2;
}

}  // namespace

TEST_CASE("result: a value is held and read back") {
  const Result<int> result = half(8);
  REQUIRE(result);
  CHECK(result.has_value());
  CHECK(*result == 4);
}

TEST_CASE("result: an error is held with its kind and text, and is no value") {
  const Result<int> result = half(7);
  REQUIRE_FALSE(result);
  CHECK_FALSE(result.has_value());
  CHECK(result.error().kind == ErrorKind::bad_input);
  CHECK(result.error().text == "7 is odd");
}

TEST_CASE("result: a value that cannot be copied is moved out") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  REQUIRE(result);
  const std::unique_ptr<int> taken = *std::move(result);
  REQUIRE(taken != nullptr);
  CHECK(*taken == 5);
}

TEST_CASE("result: a false value is still a value") {
  CHECK(Result<bool>(false).has_value());
  CHECK(Result<std::string>(std::string()).has_value());
}

TEST_CASE("result: success without a value is the default, and an error is not success") {
  CHECK(Status());
  const Status failed = Error{ErrorKind::io, "the disk is full"};
  REQUIRE_FALSE(failed);
  CHECK(failed.error().text == "the disk is full");
}

TEST_CASE("error: each border puts its step in front, the kind stays, and the first error is left as it was") {
  const Error first{ErrorKind::corrupt, "xref table is truncated"};
  const Error last = first.while_doing("page 3").while_doing("reading 'a.pdf'");
  CHECK(last.text == "reading 'a.pdf': page 3: xref table is truncated");
  CHECK(last.kind == ErrorKind::corrupt);
  CHECK(first.text == "xref table is truncated");
}

TEST_CASE("error: every kind has a name of its own") {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind) {
    names.insert(attune::error_kind_name(static_cast<ErrorKind>(kind)));
  }
  CHECK(names.size() == static_cast<std::size_t>(ErrorKind::internal) + 1);
  CHECK(attune::error_kind_name(ErrorKind::bad_input) == "bad_input");
  CHECK(attune::error_kind_name(ErrorKind::unavailable) == "unavailable");
}
