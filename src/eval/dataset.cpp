// Data sets in the BEIR layout.
#include <filesystem>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/core/lines.hpp"
#include "attune/eval.hpp"

namespace attune {
namespace {

Result<std::string> text_field(const nlohmann::json& object, const char* name, bool required) {
  const auto field = object.find(name);
  if (field == object.end() || field->is_null()) {
    if (required) return Error{ErrorKind::bad_input, "\"" + std::string(name) + "\" is missing"};
    return std::string();
  }
  if (!field->is_string()) return Error{ErrorKind::bad_input, "\"" + std::string(name) + "\" is no string"};
  return field->get<std::string>();
}

Result<DatasetText> parse_text(std::string_view line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return Error{ErrorKind::bad_input, "this is no JSON object"};
  auto id = text_field(object, "_id", true);
  if (!id) return id.error();
  if (id->empty()) return Error{ErrorKind::bad_input, "\"_id\" is empty"};
  auto title = text_field(object, "title", false);
  if (!title) return title.error();
  auto text = text_field(object, "text", true);
  if (!text) return text.error();
  return DatasetText{std::move(*id), std::move(*title), std::move(*text)};
}

Result<std::vector<DatasetText>> load_texts(const std::filesystem::path& file) {
  std::vector<DatasetText> texts;
  std::set<std::string> ids;
  const Status read = for_each_line(plain_or_gzipped(file), [&](std::string_view line) -> Status {
    auto text = parse_text(line);
    if (!text) return text.error();
    if (!ids.insert(text->id).second) return Error{ErrorKind::bad_input, "the id '" + text->id + "' came before"};
    texts.push_back(std::move(*text));
    return {};
  });
  if (!read) return read.error();
  return texts;
}

// What was said before each query: {"id", "history": ["…"]} a line. A data set without conversations has none.
Status load_histories(const std::filesystem::path& file, std::map<std::string, std::vector<std::string>>& histories) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return {};
  return for_each_line(file, [&](std::string_view line) -> Status {
    const auto object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object()) return Error{ErrorKind::bad_input, "this is no JSON object"};
    auto id = text_field(object, "id", true);
    if (!id) return id.error();
    const auto history = object.find("history");
    if (history == object.end() || !history->is_array()) {
      return Error{ErrorKind::bad_input, "\"history\" is no array"};
    }
    std::vector<std::string>& turns = histories[*id];
    for (const auto& turn : *history) {
      if (!turn.is_string()) return Error{ErrorKind::bad_input, "a turn of \"history\" is no string"};
      turns.push_back(turn.get<std::string>());
    }
    return {};
  });
}

}  // namespace

Result<Dataset> load_dataset(const std::filesystem::path& folder, std::string_view split) {
  Dataset dataset;
  const auto normal = folder.lexically_normal();
  dataset.name = to_utf8(normal.has_filename() ? normal.filename() : normal.parent_path().filename());
  auto corpus = load_texts(folder / "corpus.jsonl");
  if (!corpus) return corpus.error();
  dataset.corpus = std::move(*corpus);
  auto queries = load_texts(folder / "queries.jsonl");
  if (!queries) return queries.error();
  auto qrels = load_qrels(plain_or_gzipped(folder / "qrels" / (std::string(split) + ".tsv")));
  if (!qrels) return qrels.error();
  dataset.qrels = std::move(*qrels);
  for (DatasetText& query : *queries) {
    if (dataset.qrels.contains(query.id)) dataset.queries.push_back(std::move(query));
  }
  const Status told = load_histories(plain_or_gzipped(folder / "conversations.jsonl"), dataset.histories);
  if (!told) return told.error();
  std::string all;
  for (const DatasetText& text : dataset.corpus) {
    all.append(text.id).append(1, '\0').append(text.title).append(1, '\0').append(text.text).append(1, '\0');
  }
  dataset.corpus_sha256 = sha256_hex(all);
  return dataset;
}

}  // namespace attune
