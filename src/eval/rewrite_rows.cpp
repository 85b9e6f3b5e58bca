#include "eval/rewrite_rows.hpp"

#include <unordered_set>
#include <utility>

#include "attune/core/lines.hpp"
#include "attune/eval/rewriting.hpp"
#include "attune/text.hpp"

namespace attune {
namespace {

Error too_long(const std::string& what, std::size_t max_bytes) {
  return Error{ErrorKind::too_large, what + " is longer than " + std::to_string(max_bytes) + " bytes"};
}

Result<std::vector<std::string>> parse_history(const nlohmann::json& object) {
  std::vector<std::string> history;
  const auto turns = object.find("history");
  if (turns == object.end() || turns->is_null()) return history;
  if (!turns->is_array()) return Error{ErrorKind::bad_input, "\"history\" is no array"};
  std::size_t bytes = 0;
  for (const auto& turn : *turns) {
    if (!turn.is_string()) return Error{ErrorKind::bad_input, "\"history\" holds something that is no string"};
    history.push_back(turn.get<std::string>());
    bytes += history.back().size() + 1;
    if (bytes > kMaxRewriteHistoryBytes) return too_long("\"history\"", kMaxRewriteHistoryBytes);
  }
  return history;
}

Result<RewriteRow> parse_row(std::string_view line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return Error{ErrorKind::bad_input, "this is no JSON object"};
  RewriteRow row;
  for (const auto& [name, to] : {std::pair{"query", &row.query}, {"rewrite", &row.rewrite}}) {
    auto text = bounded_text(object, name, kMaxRewriteBytes);
    if (!text) return text.error();
    *to = *std::move(text);
  }
  if (row.rewrite.find_first_not_of(" \t\r\n") == std::string::npos) {
    return Error{ErrorKind::bad_input, "\"rewrite\" is empty"};
  }
  auto id = row_id(object);
  if (!id) return id.error();
  row.id = *std::move(id);
  auto history = parse_history(object);
  if (!history) return history.error();
  row.history = *std::move(history);
  if (const auto language = object.find("lang"); language != object.end() && !language->is_null()) {
    if (!language->is_string()) return Error{ErrorKind::bad_input, "\"lang\" is no string"};
    row.language = language->get<std::string>();
  }
  if (row.language.empty()) row.language = text::detect_language(row.rewrite);
  return row;
}

}  // namespace

Result<std::string> bounded_text(const nlohmann::json& object, const char* name, std::size_t max_bytes) {
  const auto field = object.find(name);
  const std::string quoted = "\"" + std::string(name) + "\"";
  if (field == object.end()) return Error{ErrorKind::bad_input, quoted + " is missing"};
  if (!field->is_string()) return Error{ErrorKind::bad_input, quoted + " is no string"};
  auto text = field->get<std::string>();
  if (text.size() > max_bytes) return too_long(quoted, max_bytes);
  return text;
}

Result<std::string> row_id(const nlohmann::json& object) {
  auto id = bounded_text(object, "id", kMaxRowIdBytes);
  if (id && id->empty()) return Error{ErrorKind::bad_input, "\"id\" is empty"};
  return id;
}

Status for_each_rewrite_row(const std::filesystem::path& file, const std::function<Status(const RewriteRow&)>& take) {
  std::unordered_set<std::string> ids;
  return for_each_line(plain_or_gzipped(file), [&](std::string_view line) -> Status {
    const auto row = parse_row(line);
    if (!row) return row.error();
    if (!ids.insert(row->id).second) return Error{ErrorKind::bad_input, "the id '" + row->id + "' came before"};
    if (ids.size() > kMaxRewriteRows) {
      return Error{ErrorKind::too_large, "there are more than " + std::to_string(kMaxRewriteRows) + " rows"};
    }
    return take(*row);
  });
}

}  // namespace attune
