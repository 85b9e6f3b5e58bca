#include "tokenizer/json_fields.hpp"
#include "tokenizer/tokenizer_json.hpp"

namespace attune {
namespace {

using nlohmann::json;

// Base64 with padding, as the standard alphabet has it.
Result<std::string> decode_base64(std::string_view text) {
  const auto value_of = [](char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
  };
  const Error bad{ErrorKind::bad_input, "is not base64"};
  if (text.size() % 4 != 0) return bad;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int value = value_of(text[at]);
    if (value < 0) return bad;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    // The first character completes no byte, each of the next three does.
    if (at % 4 != 0) bytes += static_cast<char>(static_cast<unsigned char>(bits >> (6U - 2U * (at % 4))));
  }
  return bytes;
}

Result<NormalizerPointer> read_bert(JsonFields& fields) {
  BertNormalizerOptions options;
  options.clean_text = fields.boolean("clean_text");
  options.handle_chinese_chars = fields.boolean("handle_chinese_chars");
  options.strip_accents = fields.optional_boolean("strip_accents");
  options.lowercase = fields.boolean("lowercase");
  if (const Status status = fields.status(); !status) return status.error();
  return make_bert_normalizer(options);
}

Result<NormalizerPointer> read_replace(JsonFields& fields) {
  const std::string content = fields.text("content");
  if (const Status status = fields.status(); !status) return status.error();
  auto pattern = read_pattern(fields.find("pattern"), fields.place());
  if (!pattern) return pattern.error();
  return make_replace(std::move(pattern).value(), content);
}

Result<NormalizerPointer> read_charsmap(JsonFields& fields) {
  const std::string text = fields.text("precompiled_charsmap");
  if (const Status status = fields.status(); !status) return status.error();
  const auto bytes = decode_base64(text);
  if (!bytes) return bytes.error().while_doing(fields.place() + ": 'precompiled_charsmap'");
  auto charsmap = make_charsmap(*bytes);
  if (!charsmap) return charsmap.error().while_doing(fields.place());
  return charsmap;
}

Result<NormalizerPointer> read_sequence(JsonFields& fields) {
  std::vector<NormalizerPointer> steps;
  for (const json& step : fields.array("normalizers")) {
    auto read = read_normalizer(step, fields.place() + " " + std::to_string(steps.size()));
    if (!read) return read.error();
    steps.push_back(std::move(read).value());
  }
  if (const Status status = fields.status(); !status) return status.error();
  return make_normalizer_sequence(std::move(steps));
}

}  // namespace

Result<std::unique_ptr<Pattern>> read_pattern(const json* value, const std::string& place) {
  const Error bad{ErrorKind::bad_input, place + ": 'pattern' is neither a String nor a Regex"};
  if (value == nullptr || !value->is_object() || value->size() != 1 || !value->begin()->is_string()) return bad;
  const auto& text = value->begin()->get_ref<const std::string&>();
  if (value->begin().key() != "String" && value->begin().key() != "Regex") return bad;
  auto pattern = value->begin().key() == "String" ? Pattern::literal(text) : Pattern::expression(text);
  if (!pattern) return pattern.error().while_doing(place);
  return pattern;
}

Result<NormalizerPointer> read_normalizer(const json& value, const std::string& place) {
  JsonFields fields(value, place);
  const std::string type = fields.text("type");
  if (const Status status = fields.status(); !status) return status.error();
  if (type == "BertNormalizer") return read_bert(fields);
  if (type == "NFC") return make_unicode_form(UnicodeForm::nfc);
  if (type == "NFD") return make_unicode_form(UnicodeForm::nfd);
  if (type == "NFKC") return make_unicode_form(UnicodeForm::nfkc);
  if (type == "NFKD") return make_unicode_form(UnicodeForm::nfkd);
  if (type == "Lowercase") return make_lowercase();
  if (type == "StripAccents") return make_strip_accents();
  if (type == "Nmt") return make_nmt();
  if (type == "ByteLevel") return make_byte_level_normalizer();
  if (type == "Replace") return read_replace(fields);
  if (type == "Precompiled") return read_charsmap(fields);
  if (type == "Sequence") return read_sequence(fields);
  if (type == "Strip") {
    const StripSides sides{fields.boolean("strip_left"), fields.boolean("strip_right")};
    if (const Status status = fields.status(); !status) return status.error();
    return make_strip(sides);
  }
  if (type == "Prepend") {
    const std::string text = fields.text("prepend");
    if (const Status status = fields.status(); !status) return status.error();
    return make_prepend(text);
  }
  return Error{ErrorKind::unsupported, place + " '" + type + "' is not known"};
}

}  // namespace attune
