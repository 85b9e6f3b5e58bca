// Groups out of JSON lines.
#include <utility>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/core/lines.hpp"
#include "attune/train/groups.hpp"

#include "train/group_builder.hpp"
#include "train/source_name.hpp"

namespace attune::train {
namespace {

using Json = nlohmann::json;

Error wrong(std::string text) {
  return Error{ErrorKind::bad_input, std::move(text)};
}

Result<std::string> text_field(const Json& object, const char* name, bool required) {
  const auto field = object.find(name);
  if (field == object.end() || field->is_null()) {
    if (required) return wrong("\"" + std::string(name) + "\" is missing");
    return std::string();
  }
  if (!field->is_string()) return wrong("\"" + std::string(name) + "\" is no string");
  return field->get<std::string>();
}

// A list of texts that all have one grade.
Status take_texts(const Json& object, const char* name, int grade, std::vector<StatedPassage>& stated) {
  const auto field = object.find(name);
  if (field == object.end() || field->is_null()) return {};
  if (!field->is_array()) return wrong("\"" + std::string(name) + "\" is no list");
  for (const Json& text : *field) {
    if (!text.is_string()) return wrong("\"" + std::string(name) + "\" holds something that is no string");
    stated.push_back({text.get<std::string>(), grade});
  }
  return {};
}

// [[text, grade], …]
Status take_graded(const Json& object, std::vector<StatedPassage>& stated) {
  const auto field = object.find("graded");
  if (field == object.end() || field->is_null()) return {};
  if (!field->is_array()) return wrong("\"graded\" is no list");
  for (const Json& pair : *field) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_number_integer()) {
      return wrong("\"graded\" holds something that is no [text, grade] with a whole number");
    }
    const auto grade = pair[1].get<std::int64_t>();
    if (grade < 0 || grade > 100) return wrong("a grade is " + std::to_string(grade) + "; they go from 0 to 100");
    stated.push_back({pair[0].get<std::string>(), static_cast<int>(grade)});
  }
  return {};
}

Status take_line(std::string_view line, std::size_t number, GroupBuilder& builder, const std::string& source) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return wrong("this is no JSON object");
  auto query = text_field(object, "query", true);
  if (!query) return query.error();
  auto language = text_field(object, "lang", false);
  if (!language) return language.error();
  std::vector<StatedPassage> stated;
  if (const Status taken = take_texts(object, "positives", 1, stated); !taken) return taken;
  if (const Status taken = take_texts(object, "negatives", 0, stated); !taken) return taken;
  if (const Status taken = take_graded(object, stated); !taken) return taken;
  if (stated.empty()) return wrong("there are neither \"positives\" nor \"graded\"");
  return builder.add(source + ":" + std::to_string(number), std::move(*language), std::move(*query), stated);
}

}  // namespace

std::string source_name(const std::filesystem::path& file) {
  std::filesystem::path name = file.filename();
  while (name.has_extension() && name.has_stem()) name = name.stem();
  return to_utf8(name);
}

Result<GroupSet> read_groups(const std::filesystem::path& file) {
  const std::string source = source_name(file);
  GroupBuilder builder(source);
  std::size_t number = 0;
  const Status read = for_each_line(plain_or_gzipped(file), [&](std::string_view line) -> Status {
    return take_line(line, ++number, builder, source);
  });
  if (!read) return read.error();
  return std::move(builder).finish();
}

}  // namespace attune::train
