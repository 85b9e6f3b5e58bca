#include "server/schema.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "server/assets.hpp"

namespace attune::server {
namespace {

using nlohmann::json;

std::string fault_at(const char* schema, const char* value) {
  const auto fault = find_fault(json::parse(schema), json::parse(value));
  return fault ? fault->pointer + " " + fault->message : "fits";
}

}  // namespace

TEST_CASE("schema: each keyword refuses what it forbids, and says where") {
  CHECK(fault_at(R"({"type":"object"})", "[]") == " must be an object");
  CHECK(fault_at(R"({"type":["string","null"]})", "1") == " must be a string or null");
  CHECK(fault_at(R"({"type":"object","required":["query"]})", "{}") == "/query is required");
  CHECK(fault_at(R"({"properties":{"top_k":{"type":"integer"}}})", R"({"top_k":1.5})") == "/top_k must be an integer");
  CHECK(fault_at(R"({"properties":{"top_k":{"type":"integer"}}})", R"({"top_k":2.0})") == "fits");
  CHECK(fault_at(R"({"properties":{"top_k":{"type":"integer"}}})", R"({"top_k":1e300})") ==
        "/top_k must be an integer");
  CHECK(fault_at(R"({"minimum":1})", "0") == " must be at least 1");
  CHECK(fault_at(R"({"maximum":100})", "101") == " must be at most 100");
  CHECK(fault_at(R"({"maximum":100})", "18446744073709551615") == " must be at most 100");
  CHECK(fault_at(R"({"minLength":1})", R"("")") == " must not be empty");
  CHECK(fault_at(R"({"maxLength":2})", R"("注意")") == "fits");
  CHECK(fault_at(R"({"maxLength":2})", R"("注意力")") == " must have at most 2 characters");
  CHECK(fault_at(R"({"enum":["a","b"]})", R"("c")") == R"( must be one of "a", "b")");
  CHECK(fault_at(R"({"const":1})", "2") == " must be 1");
  CHECK(fault_at(R"({"items":{"type":"string"}})", R"(["a",2])") == "/1 must be a string");
  CHECK(fault_at(R"({"maxItems":1})", "[1,2]") == " must have at most 1 items");
  CHECK(fault_at(R"({"oneOf":[{"type":"string"},{"type":"number"}]})", "true") == " must be a number");
  CHECK(fault_at(R"({"oneOf":[{"type":"integer"},{"type":"number"}]})", "1") ==
        " fits more than one of the allowed shapes");
}

TEST_CASE("schema: a member that is not known is a fault, and its pointer is escaped") {
  CHECK(fault_at(R"({"properties":{},"additionalProperties":false})", R"({"a/b~c":1})") ==
        "/a~1b~0c is not a member that is known here");
  CHECK(fault_at(R"({"additionalProperties":{"type":"string"}})", R"({"x":1})") == "/x must be a string");
}

TEST_CASE("schema: every file in schemas/ is JSON and uses only keywords that are checked") {
  std::size_t seen = 0;
  for (const auto& asset : assets()) {
    if (!asset.path.starts_with("schemas/")) continue;
    ++seen;
    const json schema = json::parse(asset.content, nullptr, false);
    REQUIRE_MESSAGE(schema.is_object(), asset.path);
    const auto status = check_schema(schema);
    CHECK_MESSAGE(status, asset.path, (status ? "" : status.error().text));
    for (const auto& example : schema.value("examples", json::array())) {
      const auto fault = find_fault(schema, example);
      CHECK_MESSAGE(!fault, asset.path, (fault ? fault->pointer + " " + fault->message : ""));
    }
  }
  CHECK(seen >= 13);
  CHECK_FALSE(check_schema(json::parse(R"({"properties":{"a":{"pattern":"x"}}})")));
}

TEST_CASE("json: what is malformed is named by its byte, and deep nesting is refused before anything is built") {
  const auto broken = parse_json("{\"query\": oops}");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().text == "the body is not valid JSON at byte 11");
  CHECK_FALSE(parse_json("{\"query\":\"\xff\xfe\"}"));
  CHECK_FALSE(parse_json("1e999"));
  CHECK(parse_json(std::string(32, '[') + std::string(32, ']')));
  CHECK_FALSE(parse_json(std::string(33, '[') + std::string(33, ']')));
  CHECK_FALSE(parse_json(std::string(1'000'000, '[')));
  CHECK(parse_json("\"" + std::string(100, '[') + "\\\"[\""));
}

}  // namespace attune::server
