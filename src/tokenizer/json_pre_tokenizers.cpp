#include "tokenizer/json_fields.hpp"
#include "tokenizer/tokenizer_json.hpp"

namespace attune {
namespace {

using nlohmann::json;

SplitBehaviour read_behaviour(JsonFields& fields, std::optional<std::string> instead) {
  const std::string name = fields.text("behavior", std::move(instead));
  if (name == "Removed") return SplitBehaviour::removed;
  if (name == "MergedWithPrevious") return SplitBehaviour::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehaviour::merged_with_next;
  if (name == "Contiguous") return SplitBehaviour::contiguous;
  if (name != "Isolated") fields.fail(ErrorKind::unsupported, "behavior '" + name + "' is not known");
  return SplitBehaviour::isolated;
}

std::uint32_t read_character(JsonFields& fields, const char* name) {
  const std::vector<std::uint32_t> read = code_points_of(fields.text(name));
  if (read.size() == 1) return read.front();
  fields.fail(ErrorKind::bad_input, std::string("'") + name + "' is not one character");
  return 0;
}

Result<PreTokenizerPointer> read_metaspace(JsonFields& fields) {
  MetaspaceOptions options;
  options.replacement = read_character(fields, "replacement");
  const std::string scheme = fields.text("prepend_scheme", "always");
  const bool prepends = fields.boolean("add_prefix_space", true);
  options.split = fields.boolean("split", true);
  if (scheme == "first") {
    options.prepend_scheme = PrependScheme::first;
  } else if (scheme == "never") {
    options.prepend_scheme = PrependScheme::never;
  } else if (scheme != "always") {
    fields.fail(ErrorKind::unsupported, "prepend_scheme '" + scheme + "' is not known");
  }
  if (!prepends && fields.find("prepend_scheme") == nullptr) {
    options.prepend_scheme = PrependScheme::never;
  } else if (!prepends && options.prepend_scheme != PrependScheme::never) {
    fields.fail(ErrorKind::bad_input, "'add_prefix_space' contradicts prepend_scheme '" + scheme + "'");
  }
  if (const Status status = fields.status(); !status) return status.error();
  return make_metaspace(options);
}

Result<PreTokenizerPointer> read_split(JsonFields& fields) {
  const SplitBehaviour behaviour = read_behaviour(fields, std::nullopt);
  const bool invert = fields.boolean("invert", false);
  if (const Status status = fields.status(); !status) return status.error();
  auto pattern = read_pattern(fields.find("pattern"), fields.place());
  if (!pattern) return pattern.error();
  return make_pattern_split(std::move(pattern).value(), behaviour, invert);
}

Result<PreTokenizerPointer> read_byte_level(JsonFields& fields) {
  ByteLevelOptions options;
  options.add_prefix_space = fields.boolean("add_prefix_space");
  options.use_regex = fields.boolean("use_regex", true);
  if (const Status status = fields.status(); !status) return status.error();
  return make_byte_level_pre_tokenizer(options);
}

Result<PreTokenizerPointer> read_sequence(JsonFields& fields) {
  std::vector<PreTokenizerPointer> steps;
  for (const json& step : fields.array("pretokenizers")) {
    auto read = read_pre_tokenizer(step, fields.place() + " " + std::to_string(steps.size()));
    if (!read) return read.error();
    steps.push_back(std::move(read).value());
  }
  if (const Status status = fields.status(); !status) return status.error();
  return make_pre_tokenizer_sequence(std::move(steps));
}

}  // namespace

Result<PreTokenizerPointer> read_pre_tokenizer(const json& value, const std::string& place) {
  JsonFields fields(value, place);
  const std::string type = fields.text("type");
  if (const Status status = fields.status(); !status) return status.error();
  if (type == "BertPreTokenizer") return make_bert_pre_tokenizer();
  if (type == "Whitespace") return make_whitespace_pre_tokenizer();
  if (type == "WhitespaceSplit") return make_whitespace_split();
  if (type == "Metaspace") return read_metaspace(fields);
  if (type == "ByteLevel") return read_byte_level(fields);
  if (type == "Split") return read_split(fields);
  if (type == "Sequence") return read_sequence(fields);
  if (type == "Digits") {
    const bool individual = fields.boolean("individual_digits");
    if (const Status status = fields.status(); !status) return status.error();
    return make_digits_pre_tokenizer(individual);
  }
  if (type == "Punctuation") {
    const SplitBehaviour behaviour = read_behaviour(fields, "Isolated");
    if (const Status status = fields.status(); !status) return status.error();
    return make_punctuation_pre_tokenizer(behaviour);
  }
  if (type == "Delimiter" || type == "CharDelimiterSplit") {
    const std::uint32_t delimiter = read_character(fields, "delimiter");
    if (const Status status = fields.status(); !status) return status.error();
    return make_delimiter_split(delimiter);
  }
  return Error{ErrorKind::unsupported, place + " '" + type + "' is not known"};
}

}  // namespace attune
