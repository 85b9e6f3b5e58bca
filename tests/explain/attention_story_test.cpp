// What is chosen and what is said of it: text, JSON and picture tell the same.
#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "explain/shipped_explainer.hpp"

namespace attune {
namespace {

using testing::explained;
using testing::kChinese;
using testing::kEnglish;
using testing::request_for;
using testing::shipped_explainer;
using Json = nlohmann::json;

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string four_digits(const Json& number) {
  std::array<char, 64> text{};
  // By way of the FP32 number that the JSON's digits stand for: the digits alone may lie on the other side of a half.
  std::snprintf(text.data(), text.size(), "%.4f", static_cast<double>(number.get<float>()));
  return std::string(text.data()) == "-0.0000" ? "0.0000" : text.data();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The first numbers of a vector as the text shows them.
std::string shown(const Json& vector, std::size_t count) {
  std::string text = "[";
  for (std::size_t index = 0; index < count; ++index) text += (index == 0 ? "" : " ") + four_digits(vector[index]);
  return text + " …]";
}

AttentionRequest linked(const std::string& text, const std::string& from, const std::string& to) {
  AttentionRequest request = request_for(text);
  request.links = {{from, to}};
  return request;
}

ErrorKind failure(const AttentionRequest& request) {
  const auto explanation = shipped_explainer().explain(request);
  REQUIRE_FALSE(explanation);
  return explanation.error().kind;
}

}  // namespace

TEST_CASE("explanation: the text shows the numbers of the JSON") {
  for (const char* sentence : {kEnglish, "Thinking Machines"}) {
    AttentionRequest request = request_for(sentence);
    if (sentence == kEnglish) request.links = {{"it", "animal"}};
    const AttentionExplanation explanation = explained(request);
    const Json json = Json::parse(attention_json(explanation));
    const std::string text = attention_text(explanation, HeatMapStyle::shading);
    const std::vector<std::string> lines = lines_of(text);

    CHECK(holds(text, json["model"]["identity"]));
    for (const char* name : {"q", "k", "v"}) {
      std::string upper = name;
      upper[0] = static_cast<char>(upper[0] - 'a' + 'A');
      CHECK(holds(text, std::string(name) + " = x·W_" + upper + " = " + shown(json["steps"][name], 6) + " 32 numbers"));
    }
    CHECK(holds(text, "x         = " + shown(json["steps"]["x"], 6) + " 384 numbers"));
    CHECK(holds(text, "z = " + shown(json["steps"]["z"], 3) + " 32 numbers"));
    CHECK(holds(text, "concatenated = " + shown(json["concatenated"], 6)));
    CHECK(holds(text, "output       = " + shown(json["output"], 6)));
    for (const Json& against : json["steps"]["against"]) {
      const std::string label = json["tokens"][against["token"].get<std::size_t>() - 1]["label"];
      const auto is_row = [&](const std::string& line) {
        return holds(line, " " + std::to_string(against["token"].get<int>()) + " " + label) &&
               holds(line, " " + four_digits(against["score"]) + " ") &&
               holds(line, " " + four_digits(against["scaled"]) + " ") &&
               holds(line, " " + four_digits(against["weight"]) + " ") &&
               holds(line, shown(against["weighted_value"], 3));
      };
      CHECK_MESSAGE(std::any_of(lines.begin(), lines.end(), is_row), label);
    }
    for (const Json& link : json["links"]) {
      for (std::size_t rank = 0; rank < 10; ++rank) {
        const Json& head = link["heads"][rank];
        const auto is_row = [&](const std::string& line) {
          std::istringstream words(line);
          std::string layer, number, weight, others, verdict;
          words >> layer >> number >> weight >> others >> verdict;
          return layer == head["layer"].dump() && number == head["head"].dump() &&
                 weight == four_digits(head["weight"]) && others == four_digits(head["others"]) &&
                 verdict == head["verdict"].get<std::string>();
        };
        CHECK(std::any_of(lines.begin(), lines.end(), is_row));
      }
    }
  }
}

TEST_CASE("explanation: the heads that link it to animal are named, in English and in Chinese") {
  const AttentionExplanation english = explained(linked(kEnglish, "it", "animal"));
  CHECK(english.tokens[english.token_index].label == "it");
  const AttentionLink& link = english.links.at(0);
  const AttentionLink::Head& best = link.heads.at(0);
  CHECK(best.weight > 0.5F);
  CHECK(best.others < best.weight / 2);
  CHECK(english.tokens[best.strongest - 1].label == "animal");
  CHECK(english.layer_index + 1 == best.layer);
  CHECK(english.head_index + 1 == best.head);
  CHECK(holds(attention_text(english, HeatMapStyle::shading), "WHO LINKS 'it' TO 'animal'?"));

  const AttentionExplanation chinese = explained(linked(kChinese, "它", "动物"));
  const AttentionLink& found = chinese.links.at(0);
  CHECK(found.heads.at(0).weight > 0.4F);
  CHECK(chinese.tokens[found.heads.at(0).strongest - 1].label == "动物");
  // The vocabulary has no piece for this 它 alone, and that is said.
  CHECK(holds(found.from.note, "因为它"));
  // The heaviest head gives 动物 to every token; the story is told of one that singles it out.
  const Json json = Json::parse(attention_json(chinese));
  const Json& heads = json["links"][0]["heads"];
  CHECK(heads[0]["verdict"] == "common");
  const auto told = std::find_if(heads.begin(), heads.end(), [&](const Json& head) {
    return head["layer"] == json["chosen"]["layer"] && head["head"] == json["chosen"]["head"];
  });
  REQUIRE(told != heads.end());
  CHECK((*told)["verdict"] == "clear");
  CHECK(holds(attention_text(chinese, HeatMapStyle::shading), found.from.note));
}

TEST_CASE("explanation: a link that no head makes is called weak") {
  const AttentionExplanation explanation = explained(linked(kEnglish, "street", "The"));
  CHECK(holds(attention_text(explanation, HeatMapStyle::shading), "No head links them clearly"));
  const Json json = Json::parse(attention_json(explanation));
  for (const Json& head : json["links"][0]["heads"]) CHECK((head["verdict"] == "weak" || head["verdict"] == "common"));
}

TEST_CASE("explanation: what is not asked for is chosen, and the reason is given") {
  const AttentionExplanation thinking = explained(request_for("Thinking Machines"));
  CHECK(thinking.tokens[thinking.token_index].label == "Think");
  CHECK(thinking.tokens[thinking.token_index + 1].label == "…ing");
  CHECK(holds(thinking.head_reason, "of all heads in all layers"));
  AttentionRequest request = request_for("Thinking Machines", "Machines");
  request.layer = 3;
  const AttentionExplanation machines = explained(request);
  CHECK(machines.layer_index == 2);
  CHECK(holds(machines.head_reason, "of the layer that was asked for"));
  request.head = 12;
  const AttentionExplanation asked = explained(request);
  CHECK(asked.head_index == 11);
  CHECK(asked.head_reason == "as asked");

  // No head of the layer takes more from one piece of "Thinking" than the chosen one.
  const auto most = [&](std::size_t head) {
    return std::max(machines.weight(head, machines.token_index, 1), machines.weight(head, machines.token_index, 2));
  };
  for (std::size_t head = 0; head < machines.trace.heads; ++head) CHECK(most(head) <= most(machines.head_index));
}

TEST_CASE("explanation: special tokens go by name, pieces are readable, and each stands for its bytes") {
  const AttentionExplanation explanation = explained(request_for("unbelievability, 它"));
  CHECK(explanation.tokens.front().label == "<s>");
  CHECK(explanation.tokens.front().special);
  CHECK(explanation.tokens.back().label == "</s>");
  std::string joined;
  for (const ExplainedToken& token : explanation.tokens) joined += token.special ? "" : token.label + "|";
  CHECK(joined.starts_with("un"));
  CHECK(holds(joined, "…"));
  CHECK(holds(joined, "它"));
  const AttentionExplanation prefixed = explained({.text = "it", .prefix = "query: ", .token = "it", .links = {}});
  CHECK(prefixed.text == "query: it");
  CHECK(prefixed.tokens[prefixed.token_index].span.of(prefixed.text) == "it");
}

TEST_CASE("explanation: what cannot be explained is refused with a reason") {
  CHECK(failure(request_for("")) == ErrorKind::bad_input);
  CHECK(failure(request_for("  ")) == ErrorKind::bad_input);
  CHECK(failure(request_for("a b", "c")) == ErrorKind::bad_input);
  CHECK(failure(request_for("a b", "5")) == ErrorKind::bad_input);
  CHECK(failure(request_for("a b", "0")) == ErrorKind::bad_input);
  CHECK(failure(request_for("a b", "99999999999999999999999")) == ErrorKind::bad_input);
  CHECK(failure({.text = "a", .prefix = "", .token = "", .layer = 13, .links = {}}) == ErrorKind::bad_input);
  CHECK(failure({.text = "a", .prefix = "", .token = "", .head = 13, .links = {}}) == ErrorKind::bad_input);
  CHECK(failure(linked("a b", "a", "")) == ErrorKind::bad_input);
  std::string longest;
  for (std::size_t count = 0; count < kMaxExplainedTokens - 2; ++count) longest += "a ";
  CHECK(shipped_explainer().explain(request_for(longest)));
  CHECK(failure(request_for(longest + "a")) == ErrorKind::too_large);
  CHECK(failure(request_for(std::string(1 << 20, 'a'))) == ErrorKind::too_large);
  AttentionRequest many = request_for("a b");
  many.links.assign(17, {"a", "b"});
  CHECK(failure(many) == ErrorKind::too_large);
}

TEST_CASE("explanation: any bytes can be explained, and JSON and picture stay well-formed") {
  for (const std::string& text : {std::string("\xFF\xFE it"), std::string("a\x01 b"), std::string("<script>&\"'"),
                                  std::string("e\xCC\x81 \xF0\x9F\x98\x80"), std::string("a\nb")}) {
    CAPTURE(text);
    const AttentionExplanation explanation = explained(request_for(text));
    CHECK(Json::parse(attention_json(explanation))["tokens"].size() == explanation.tokens.size());
    const std::string svg = attention_svg(explanation);
    CHECK_FALSE(holds(svg, "<script"));
    for (const char byte : svg) CHECK((static_cast<unsigned char>(byte) >= ' ' || byte == '\n'));
    CHECK_FALSE(attention_text(explanation, HeatMapStyle::ansi).empty());
  }
}

TEST_CASE("explanation: colours come only when asked for; the plain map has a row for each token and each head") {
  const AttentionExplanation explanation = explained(request_for(kEnglish, "it"));
  const std::string plain = attention_text(explanation, HeatMapStyle::shading);
  CHECK_FALSE(holds(plain, "\x1b"));
  CHECK(holds(attention_text(explanation, HeatMapStyle::ansi), "\x1b[48;5;"));
  for (std::size_t head = 1; head <= 12; ++head) CHECK(holds(plain, "\n  head " + std::to_string(head) + " "));
  CHECK(holds(plain, "◄ row 11 is the softmax above"));
}

}  // namespace attune
