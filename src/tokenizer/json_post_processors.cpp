#include "tokenizer/json_fields.hpp"
#include "tokenizer/tokenizer_json.hpp"

namespace attune {
namespace {

using nlohmann::json;
using Kind = SequenceTemplate::Kind;

constexpr std::size_t kMostTemplateParts = 64;

// ["[SEP]", 102]
std::int32_t read_token_pair(JsonFields& fields, const char* name) {
  const json& pair = fields.array(name);
  const bool fits = pair.size() == 2 && pair[0].is_string() && pair[1].is_number_unsigned();
  if (fits && pair[1].get<std::uint64_t>() <= 0x7FFFFFFF) return pair[1].get<std::int32_t>();
  fields.fail(ErrorKind::bad_input, std::string("'") + name + "' is not [token, id]");
  return 0;
}

// The ids that a special token of the template stands for.
std::vector<std::int32_t> ids_of(JsonFields& fields, const std::string& token) {
  std::vector<std::int32_t> ids;
  const json* const tokens = fields.find("special_tokens");
  const bool is_there = tokens != nullptr && tokens->is_object() && tokens->contains(token);
  if (!is_there || !(*tokens)[token].is_object() || !(*tokens)[token].contains("ids") ||
      !(*tokens)[token]["ids"].is_array()) {
    fields.fail(ErrorKind::bad_input, "'special_tokens' lacks '" + token + "' with its ids");
    return ids;
  }
  for (const json& id : (*tokens)[token]["ids"]) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() > 0x7FFFFFFF) {
      fields.fail(ErrorKind::bad_input, "'special_tokens': an id of '" + token + "' is out of range");
      return ids;
    }
    ids.push_back(id.get<std::int32_t>());
  }
  return ids;
}

void read_template_part(JsonFields& fields, const json& value, std::vector<SequenceTemplate::Part>& parts) {
  const bool is_one = value.is_object() && value.size() == 1;
  const std::string kind = is_one ? value.begin().key() : "";
  if (kind != "SpecialToken" && kind != "Sequence") {
    fields.fail(ErrorKind::bad_input, "a part of the template is neither SpecialToken nor Sequence");
    return;
  }
  JsonFields part(*value.begin(), fields.place() + ": " + kind);
  const std::string id = part.text("id");
  const std::int64_t type = part.integer("type_id");
  if (type < 0 || type > 0xFFFF) part.fail(ErrorKind::bad_input, "'type_id' is out of range");
  if (kind == "Sequence" && id != "A" && id != "B") part.fail(ErrorKind::bad_input, "'id' is neither A nor B");
  if (const Status status = part.status(); !status) {
    fields.fail(status.error().kind, status.error().text);
    return;
  }
  const auto type_id = static_cast<std::int32_t>(type);
  if (kind == "Sequence") {
    parts.push_back({id == "A" ? Kind::first : Kind::second, type_id, -1});
    return;
  }
  for (const std::int32_t special : ids_of(fields, id)) parts.push_back({Kind::special, type_id, special});
}

std::vector<SequenceTemplate::Part> read_template(JsonFields& fields, const char* name) {
  std::vector<SequenceTemplate::Part> parts;
  for (const json& value : fields.array(name)) {
    read_template_part(fields, value, parts);
    if (parts.size() > kMostTemplateParts) fields.fail(ErrorKind::bad_input, "the template has too many parts");
    if (!fields.status()) break;
  }
  return parts;
}

bool mentions(const std::vector<SequenceTemplate::Part>& parts, Kind kind) {
  for (const SequenceTemplate::Part& part : parts) {
    if (part.kind == kind) return true;
  }
  return false;
}

SequenceTemplate read_template_processing(JsonFields& fields) {
  SequenceTemplate sequence;
  sequence.single = read_template(fields, "single");
  sequence.pair = read_template(fields, "pair");
  if (mentions(sequence.single, Kind::second)) fields.fail(ErrorKind::bad_input, "'single' mentions a second text");
  if (!mentions(sequence.pair, Kind::first) || !mentions(sequence.pair, Kind::second)) {
    fields.fail(ErrorKind::bad_input, "'pair' does not mention both texts");
  }
  return sequence;
}

struct ProcessorState {
  bool has_template = false;
};

Status read_one(const json& value, const std::string& place, TokenizerParts& parts, ProcessorState& state) {
  JsonFields fields(value, place);
  const std::string type = fields.text("type");
  if (const Status status = fields.status(); !status) return status;
  if (type == "Sequence") {
    std::size_t index = 0;
    for (const json& step : fields.array("processors")) {
      const Status read = read_one(step, place + " " + std::to_string(index++), parts, state);
      if (!read) return read;
    }
    return fields.status();
  }
  const bool is_known = type == "BertProcessing" || type == "RobertaProcessing" || type == "TemplateProcessing";
  if (!is_known && type != "ByteLevel") return Error{ErrorKind::unsupported, place + " '" + type + "' is not known"};
  if (type == "ByteLevel" || type == "RobertaProcessing") {
    const bool trims = fields.boolean("trim_offsets", true);
    const OffsetTrimming trimming{fields.boolean("add_prefix_space", true)};
    if (trims && parts.trimming) fields.fail(ErrorKind::unsupported, "offsets would be trimmed twice");
    if (trims) parts.trimming = trimming;
  }
  if (!is_known) return fields.status();
  if (state.has_template) fields.fail(ErrorKind::unsupported, "special tokens would be added twice");
  state.has_template = true;
  if (type == "TemplateProcessing") {
    parts.sequence = read_template_processing(fields);
  } else {
    const std::int32_t sep = read_token_pair(fields, "sep");
    const std::int32_t cls = read_token_pair(fields, "cls");
    parts.sequence = type == "BertProcessing" ? SequenceTemplate::bert(cls, sep) : SequenceTemplate::roberta(cls, sep);
  }
  return fields.status();
}

}  // namespace

Status read_post_processor(const json& value, const std::string& place, TokenizerParts& parts) {
  ProcessorState state;
  return read_one(value, place, parts, state);
}

}  // namespace attune
