#include <algorithm>

#include "tokenizer/json_fields.hpp"
#include "tokenizer/tokenizer_json.hpp"

namespace attune {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostIds = 100'000'000;

// {"piece": id, …}
Result<PieceTable> read_vocabulary(JsonFields& fields) {
  std::vector<PieceTable::Entry> entries;
  const json* const vocabulary = fields.find("vocab");
  if (vocabulary == nullptr || !vocabulary->is_object()) {
    fields.fail(ErrorKind::bad_input, vocabulary == nullptr ? "'vocab' is missing" : "'vocab' is not an object");
    return fields.status().error();
  }
  entries.reserve(vocabulary->size());
  for (const auto& [piece, id] : vocabulary->items()) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() > kMostIds) {
      fields.fail(ErrorKind::bad_input, "'vocab': the id of '" + piece + "' is out of range: " + id.dump());
      return fields.status().error();
    }
    entries.push_back({piece, id.get<std::int32_t>()});
  }
  auto table = PieceTable::create(std::move(entries));
  if (!table) return table.error().while_doing(fields.place() + ": 'vocab'");
  return table;
}

Result<PieceModelPointer> named(Result<PieceModelPointer> model, const JsonFields& fields) {
  if (!model) return model.error().while_doing(fields.place());
  return model;
}

Result<PieceModelPointer> read_word_piece(JsonFields& fields) {
  WordPieceRules rules;
  rules.unk_token = fields.text("unk_token");
  rules.continuing_subword_prefix = fields.text("continuing_subword_prefix");
  const std::int64_t most = fields.integer("max_input_chars_per_word");
  if (most < 0) fields.fail(ErrorKind::bad_input, "'max_input_chars_per_word' is negative");
  if (const Status status = fields.status(); !status) return status.error();
  rules.max_input_chars_per_word = static_cast<std::size_t>(most);
  auto table = read_vocabulary(fields);
  if (!table) return table.error();
  return named(make_word_piece(std::move(table).value(), rules), fields);
}

Result<PieceModelPointer> read_word_level(JsonFields& fields) {
  const std::string unknown = fields.text("unk_token");
  if (const Status status = fields.status(); !status) return status.error();
  auto table = read_vocabulary(fields);
  if (!table) return table.error();
  return named(make_word_level(std::move(table).value(), unknown), fields);
}

// [["piece", score], …]
Result<PieceModelPointer> read_unigram(JsonFields& fields) {
  UnigramRules rules;
  const std::int64_t unknown = fields.integer("unk_id");
  rules.byte_fallback = fields.boolean("byte_fallback", false);
  std::vector<PieceTable::Entry> entries;
  for (const json& entry : fields.array("vocab")) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      fields.fail(ErrorKind::bad_input, "'vocab': entry " + std::to_string(entries.size()) + " is not [piece, score]");
      break;
    }
    entries.push_back({entry[0].get<std::string>(), static_cast<std::int32_t>(entries.size())});
    rules.scores.push_back(entry[1].get<double>());
  }
  if (unknown < 0 || unknown >= static_cast<std::int64_t>(entries.size())) {
    fields.fail(ErrorKind::bad_input, "'unk_id' " + std::to_string(unknown) + " is out of range for " +
                                          std::to_string(entries.size()) + " pieces");
  }
  if (const Status status = fields.status(); !status) return status.error();
  rules.unk_id = static_cast<std::int32_t>(unknown);
  auto table = PieceTable::create(std::move(entries));
  if (!table) return table.error().while_doing(fields.place() + ": 'vocab'");
  return named(make_unigram(std::move(table).value(), std::move(rules)), fields);
}

// "left right" or ["left", "right"].
bool read_merge(const json& value, BpeRules::Merge& merge) {
  if (value.is_array()) {
    if (value.size() != 2 || !value[0].is_string() || !value[1].is_string()) return false;
    merge = {value[0].get<std::string>(), value[1].get<std::string>()};
    return true;
  }
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  const std::size_t space = text.find(' ');
  if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) return false;
  merge = {text.substr(0, space), text.substr(space + 1)};
  return true;
}

Result<PieceModelPointer> read_bpe(JsonFields& fields) {
  BpeRules rules;
  const json* const dropout = fields.find("dropout");
  if (dropout != nullptr && !(dropout->is_number() && dropout->get<double>() == 0)) {
    fields.fail(ErrorKind::unsupported, "'dropout' makes ids a matter of chance");
  }
  rules.unk_token = fields.text("unk_token", "");
  rules.continuing_subword_prefix = fields.text("continuing_subword_prefix", "");
  rules.end_of_word_suffix = fields.text("end_of_word_suffix", "");
  rules.fuse_unk = fields.boolean("fuse_unk", false);
  rules.byte_fallback = fields.boolean("byte_fallback", false);
  rules.ignore_merges = fields.boolean("ignore_merges", false);
  const json& merges = fields.array("merges");
  rules.merges.reserve(merges.size());
  for (const json& value : merges) {
    if (value.is_string() && value.get_ref<const std::string&>().starts_with("#version")) continue;
    BpeRules::Merge merge;
    if (!read_merge(value, merge)) {
      fields.fail(ErrorKind::bad_input,
                  "'merges': entry " + std::to_string(rules.merges.size()) + " is not two pieces");
      break;
    }
    rules.merges.push_back(std::move(merge));
  }
  if (const Status status = fields.status(); !status) return status.error();
  auto table = read_vocabulary(fields);
  if (!table) return table.error();
  return named(make_bpe(std::move(table).value(), rules), fields);
}

// Files of the first versions name no type; each model has a field of its own.
std::string guess_type(JsonFields& fields) {
  if (fields.find("merges") != nullptr) return "BPE";
  if (fields.find("unk_id") != nullptr) return "Unigram";
  return fields.find("continuing_subword_prefix") != nullptr ? "WordPiece" : "WordLevel";
}

}  // namespace

Result<PieceModelPointer> read_piece_model(const json& value, const std::string& place) {
  JsonFields fields(value, place);
  std::string type = fields.text("type", "");
  if (const Status status = fields.status(); !status) return status.error();
  if (type.empty()) type = guess_type(fields);
  if (type == "WordPiece") return read_word_piece(fields);
  if (type == "Unigram") return read_unigram(fields);
  if (type == "BPE") return read_bpe(fields);
  if (type == "WordLevel") return read_word_level(fields);
  return Error{ErrorKind::unsupported, place + " '" + type + "' is not known"};
}

Result<std::vector<AddedToken>> read_added_tokens(const json& value, const std::string& place) {
  if (!value.is_array()) return Error{ErrorKind::bad_input, place + ": is not an array"};
  std::vector<AddedToken> tokens;
  for (const json& entry : value) {
    JsonFields fields(entry, place + " " + std::to_string(tokens.size()));
    AddedToken token;
    const std::int64_t id = fields.integer("id");
    token.content = fields.text("content");
    token.single_word = fields.boolean("single_word");
    token.lstrip = fields.boolean("lstrip");
    token.rstrip = fields.boolean("rstrip");
    token.normalized = fields.boolean("normalized");
    token.special = fields.boolean("special");
    if (id < 0 || id > kMostIds) {
      fields.fail(ErrorKind::bad_input, "the id of '" + token.content + "' is out of range: " + std::to_string(id));
    }
    if (token.content.size() > 4096) fields.fail(ErrorKind::bad_input, "'content' is longer than 4096 bytes");
    if (const Status status = fields.status(); !status) return status.error();
    token.id = static_cast<std::int32_t>(id);
    if (!token.content.empty()) tokens.push_back(std::move(token));  // the reference passes over an empty one, too
  }
  return tokens;
}

}  // namespace attune
