#include "attune/core/file.hpp"
#include "attune/tokenizer.hpp"

#include "tokenizer/json_fields.hpp"
#include "tokenizer/tokenizer_json.hpp"

namespace attune {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostBytes = 64'000'000;
constexpr std::uint64_t kMostConfigBytes = 1'000'000;

Status read_parts(const json& file, TokenizerParts& parts) {
  JsonFields fields(file, "tokenizer.json");
  const std::string version = fields.text("version", "1.0");
  if (version != "1.0") fields.fail(ErrorKind::unsupported, "version '" + version + "' is not known");
  const json* const model = fields.find("model");
  if (model == nullptr) fields.fail(ErrorKind::bad_input, "'model' is missing");
  if (const Status status = fields.status(); !status) return status;

  if (const json* const value = fields.find("normalizer"); value != nullptr) {
    auto read = read_normalizer(*value, "tokenizer.json: normalizer");
    if (!read) return read.error();
    parts.normalizer = std::move(read).value();
  }
  if (const json* const value = fields.find("pre_tokenizer"); value != nullptr) {
    auto read = read_pre_tokenizer(*value, "tokenizer.json: pre_tokenizer");
    if (!read) return read.error();
    parts.pre_tokenizer = std::move(read).value();
  }
  if (const json* const value = fields.find("post_processor"); value != nullptr) {
    const Status read = read_post_processor(*value, "tokenizer.json: post_processor", parts);
    if (!read) return read;
  }
  if (const json* const value = fields.find("added_tokens"); value != nullptr) {
    auto read = read_added_tokens(*value, "tokenizer.json: added_tokens");
    if (!read) return read.error();
    parts.added_tokens = std::move(read).value();
  }
  auto read = read_piece_model(*model, "tokenizer.json: model");
  if (!read) return read.error();
  parts.model = std::move(read).value();
  return {};
}

// What tokenizer_config.json says of a vocab.txt beside it. Absent fields leave the defaults.
Result<BertTextOptions> read_config(const std::filesystem::path& path, const TokenizerOptions& tokenizer) {
  BertTextOptions options;
  options.tokenizer = tokenizer;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return options;
  const auto bytes = read_file(path, kMostConfigBytes);
  if (!bytes) return bytes.error();
  const auto config = parse_bounded_json(*bytes);
  if (!config) return config.error().while_doing("tokenizer_config.json");
  JsonFields fields(*config, "tokenizer_config.json");
  options.lowercase = fields.boolean("do_lower_case", options.lowercase);
  options.strip_accents = fields.optional_boolean("strip_accents");
  options.chinese_chars = fields.boolean("tokenize_chinese_chars", options.chinese_chars);
  if (const Status status = fields.status(); !status) return status.error();
  return options;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> parse_tokenizer_json(std::string_view bytes, const TokenizerOptions& options) {
  if (bytes.size() > kMostBytes) {
    return Error{ErrorKind::too_large, "tokenizer.json: more than " + std::to_string(kMostBytes) + " bytes"};
  }
  const auto file = parse_bounded_json(bytes);
  if (!file) return file.error().while_doing("tokenizer.json");
  TokenizerParts parts;
  parts.options = options;
  if (const Status status = read_parts(*file, parts); !status) return status.error();
  auto tokenizer = make_file_tokenizer(std::move(parts));
  if (!tokenizer) return tokenizer.error().while_doing("tokenizer.json");
  return tokenizer;
}

Result<std::unique_ptr<Tokenizer>> parse_bert_vocabulary(std::string_view bytes, const BertTextOptions& options) {
  std::vector<PieceTable::Entry> entries;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    entries.push_back({std::string(line), static_cast<std::int32_t>(entries.size())});
  }
  auto table = PieceTable::create(std::move(entries));
  if (!table) return table.error().while_doing("vocab.txt");
  TokenizerParts parts;
  parts.options = options.tokenizer;
  const std::int32_t cls = table->find("[CLS]");
  const std::int32_t sep = table->find("[SEP]");
  if (cls < 0 || sep < 0) {
    return Error{ErrorKind::bad_input, std::string("vocab.txt: lacks ") + (cls < 0 ? "[CLS]" : "[SEP]")};
  }
  for (const char* const special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    const std::int32_t id = table->find(special);
    if (id >= 0) parts.added_tokens.push_back({.content = special, .id = id, .special = true});
  }
  auto model = make_word_piece(std::move(table).value(), WordPieceRules{});
  if (!model) return model.error().while_doing("vocab.txt");
  parts.model = std::move(model).value();
  parts.normalizer = make_bert_normalizer({true, options.chinese_chars, options.strip_accents, options.lowercase});
  parts.pre_tokenizer = make_bert_pre_tokenizer();
  parts.sequence = SequenceTemplate::bert(cls, sep);
  auto tokenizer = make_file_tokenizer(std::move(parts));
  if (!tokenizer) return tokenizer.error().while_doing("vocab.txt");
  return tokenizer;
}

Result<std::unique_ptr<Tokenizer>> load_tokenizer(const std::filesystem::path& path, const TokenizerOptions& options) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    const bool has_json = std::filesystem::exists(path / "tokenizer.json", ignored);
    return load_tokenizer(path / (has_json ? "tokenizer.json" : "vocab.txt"), options);
  }
  const auto bytes = read_file(path, kMostBytes);
  if (!bytes) return bytes.error();
  if (to_utf8(path.filename()).ends_with(".json")) return parse_tokenizer_json(*bytes, options);
  const auto text = read_config(path.parent_path() / "tokenizer_config.json", options);
  if (!text) return text.error();
  return parse_bert_vocabulary(*bytes, *text);
}

}  // namespace attune
