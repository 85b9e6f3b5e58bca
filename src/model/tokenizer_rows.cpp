#include "model/tokenizer_rows.hpp"

#include <algorithm>

#include "model/json_fields.hpp"

namespace attune {
namespace {

constexpr int kMaxDepth = 16;

Error no_row(const std::string& file, const std::string& token, std::uint64_t id, std::size_t rows) {
  return Error{ErrorKind::corrupt, file + ": token '" + token + "' has id " + std::to_string(id) +
                                       ", the word table has " + std::to_string(rows) + " rows"};
}

Error malformed(const std::string& text) {
  return Error{ErrorKind::corrupt, "tokenizer.json: " + text};
}

// {"token": id, …}, or for Unigram [["token", score], …].
Status check_vocabulary(const Json& vocabulary, std::size_t rows) {
  if (vocabulary.is_array()) {
    if (vocabulary.size() <= rows) return {};
    const Json& first = vocabulary[rows];
    const bool named = first.is_array() && !first.empty() && first[0].is_string();
    return no_row("tokenizer.json", named ? first[0].get<std::string>() : "?", rows, rows);
  }
  if (!vocabulary.is_object()) return malformed("'model.vocab' is neither a list nor an object");
  for (const auto& [token, id] : vocabulary.items()) {
    if (!id.is_number_unsigned()) return malformed("token '" + token + "' has no id");
    if (id.get<std::uint64_t>() >= rows) return no_row("tokenizer.json", token, id.get<std::uint64_t>(), rows);
  }
  return {};
}

Status check_added(const Json& tokens, std::size_t rows) {
  if (!tokens.is_array()) return malformed("'added_tokens' is not a list");
  for (const Json& token : tokens) {
    const bool whole = token.is_object() && token.contains("id") && token["id"].is_number_unsigned();
    if (!whole) return malformed("an added token has no id");
    const auto id = token["id"].get<std::uint64_t>();
    if (id < rows) continue;
    const bool named = token.contains("content") && token["content"].is_string();
    return no_row("tokenizer.json", named ? token["content"].get<std::string>() : "?", id, rows);
  }
  return {};
}

Status check_json(std::string_view text, std::size_t rows) {
  bool too_deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  const Json json = Json::parse(text.begin(), text.end(), watch, false);
  if (too_deep) return malformed("is nested too deeply");
  if (!json.is_object()) return malformed("is no JSON object");
  const auto model = json.find("model");
  if (model == json.end() || !model->is_object() || !model->contains("vocab")) return malformed("has no 'model.vocab'");
  if (const Status status = check_vocabulary((*model)["vocab"], rows); !status) return status;
  const auto added = json.find("added_tokens");
  return added == json.end() ? Status() : check_added(*added, rows);
}

}  // namespace

Status check_token_rows(const TokenizerSource& tokenizer, std::size_t rows) {
  if (!tokenizer.json.empty()) return check_json(tokenizer.json, rows);
  std::string_view rest = tokenizer.vocabulary;
  for (std::size_t id = 0; !rest.empty(); ++id) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (id >= rows) return no_row("vocab.txt", std::string(rest.substr(0, std::min<std::size_t>(end, 100))), id, rows);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

}  // namespace attune
