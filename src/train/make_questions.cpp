// Questions that nobody answered: only teachers say which passages of RecipeData::also are good for them.
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "attune/core/lines.hpp"
#include "attune/text.hpp"

#include "train/maker_functions.hpp"
#include "train/plain_text.hpp"
#include "train/source_name.hpp"

namespace attune::train {
namespace {

// Below this ("hi") a question says too little to tell passages apart: bytes.
constexpr std::size_t kShortestQuestion = 8;

struct Question {
  std::string language;
  std::string text;
};

std::string text_of(const nlohmann::json& object, const char* name) {
  const auto field = object.find(name);
  return field != object.end() && field->is_string() ? field->get<std::string>() : std::string();
}

// {"query"}, in a conversation with the whole question as "rewrite"; or "id<tab>question".
Result<Question> parse_question(std::string_view line) {
  if (line.starts_with('{')) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return Error{ErrorKind::bad_input, "this is no JSON object"};
    std::string whole = text_of(json, "rewrite");
    if (whole.empty()) whole = text_of(json, "query");
    if (whole.empty()) return Error{ErrorKind::bad_input, "there is neither \"query\" nor \"rewrite\""};
    return Question{text_of(json, "lang"), std::move(whole)};
  }
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) {
    return Error{ErrorKind::bad_input, "this is neither a JSON object nor an identifier, a tab and a question"};
  }
  return Question{{}, std::string(line.substr(tab + 1))};
}

}  // namespace

Result<GroupSet> make_questions(const std::filesystem::path& file, std::uint64_t) {
  GroupBuilder builder(source_name(file) + "-questions");
  std::set<std::string> known;
  const Status read = for_each_line(plain_or_gzipped(file), [&](std::string_view line) -> Status {
    auto question = parse_question(line);
    if (!question) return question.error();
    const std::size_t begin = question->text.find_first_not_of(" \t\r");
    question->text.erase(0, std::min(begin, question->text.size()));
    if (question->text.size() < kShortestQuestion || !known.insert(plain_text(question->text)).second) return {};
    if (question->language.empty()) question->language = text::detect_language(question->text);
    return builder.add_question(std::move(question->language), std::move(question->text));
  });
  if (!read) return read.error();
  return std::move(builder).finish();
}

}  // namespace attune::train
