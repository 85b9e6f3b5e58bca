#include "reader/mime.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "attune/text.hpp"

namespace attune::reader {
namespace {

constexpr std::size_t kMostParts = 1000;  // of one multipart
constexpr std::size_t kLongestHeader = 1U << 20U;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// The next line with its line end taken off; `rest` moves past it.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `in_header`: "_" is a space, as in encoded words.
std::string decode_quoted_printable(std::string_view text, bool in_header) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_header && text[i] == '_') {
      bytes += ' ';
    } else if (text[i] != '=') {
      bytes += text[i];
    } else if (i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      bytes += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      // A soft line end: white space up to the line end, and the line end, are not there.
      const auto end = text.find_first_not_of(" \t\r", i + 1);
      if (end == std::string_view::npos) break;
      if (text[end] == '\n') {
        i = end;
      } else {
        bytes += '=';
      }
    }
  }
  return bytes;
}

std::string decode_base64(std::string_view text) {
  std::string bytes;
  unsigned buffer = 0;
  int bits = 0;
  for (const char c : text) {
    int value = -1;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    if (c >= '0' && c <= '9') value = c - '0' + 52;
    if (c == '+' || c == '-') value = 62;
    if (c == '/' || c == '_') value = 63;
    if (c == '=') break;
    if (value < 0) continue;
    buffer = ((buffer << 6U) | static_cast<unsigned>(value)) & 0xFFFFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((buffer >> static_cast<unsigned>(bits)) & 0xFFU);
  }
  return bytes;
}

FieldValue parse_field_value(std::string_view text) {
  FieldValue result;
  const auto end = text.find(';');
  result.value = lower(trimmed(text.substr(0, end)));
  std::string_view rest = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  while (!rest.empty()) {
    // A quoted value may hold the separator.
    std::size_t stop = 0;
    for (bool quoted = false; stop < rest.size() && (quoted || rest[stop] != ';'); ++stop) {
      if (rest[stop] == '"') quoted = !quoted;
    }
    const std::string_view parameter = trimmed(rest.substr(0, stop));
    rest = stop < rest.size() ? rest.substr(stop + 1) : std::string_view();
    const auto equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view value = trimmed(parameter.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    result.parameters.try_emplace(lower(trimmed(parameter.substr(0, equals))), value);
  }
  return result;
}

// Reads the header fields; `rest` is left at the body.
std::map<std::string, std::string> take_fields(std::string_view& rest) {
  std::map<std::string, std::string> fields;
  std::string* last = nullptr;
  std::string ignored;
  std::size_t size = 0;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    size += line.size();
    if (line.empty() || size > kLongestHeader) break;
    if (line.front() == ' ' || line.front() == '\t') {
      if (last != nullptr) last->append(" ").append(trimmed(line));
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto [at, added] = fields.try_emplace(lower(trimmed(line.substr(0, colon))), trimmed(line.substr(colon + 1)));
    last = added ? &at->second : &ignored;
  }
  return fields;
}

std::string decode_body(std::string_view body, const std::string& encoding) {
  if (encoding == "base64") return decode_base64(body);
  if (encoding == "quoted-printable") return decode_quoted_printable(body, false);
  return std::string(body);
}

Result<MimePart> parse_part(std::string_view bytes, int nesting_left);

Status parse_children(std::string_view body, const std::string& boundary, int nesting_left, MimePart& part) {
  const std::string delimiter = "--" + boundary;
  const char* start = nullptr;  // of the open child
  part.complete = false;
  std::string_view rest = body;
  const auto close = [&](const char* end) -> Status {
    if (start == nullptr || part.children.size() >= kMostParts) return {};
    std::string_view child(start, static_cast<std::size_t>(end - start));
    if (child.ends_with('\n')) child.remove_suffix(1);
    if (child.ends_with('\r')) child.remove_suffix(1);
    Result<MimePart> parsed = parse_part(child, nesting_left - 1);
    if (!parsed) return parsed.error();
    part.children.push_back(std::move(*parsed));
    return {};
  };
  while (!rest.empty()) {
    const char* line_start = rest.data();
    const std::string_view line = take_line(rest);
    if (!line.starts_with(delimiter)) continue;
    const std::string_view after = trimmed(line.substr(delimiter.size()));
    if (!after.empty() && after != "--") continue;
    if (const Status closed = close(line_start); !closed) return closed;
    start = rest.data();
    if (after == "--") {
      part.complete = true;
      return {};
    }
    if (rest.empty()) return {};
  }
  return close(body.data() + body.size());
}

Result<MimePart> parse_part(std::string_view bytes, int nesting_left) {
  if (nesting_left <= 0) return Error{ErrorKind::bad_input, "its parts are nested too deep"};
  MimePart part;
  part.fields = take_fields(bytes);
  part.type = parse_field_value(part.field("content-type"));
  if (part.type.value.empty()) part.type.value = "text/plain";
  const std::string encoding = lower(trimmed(part.field("content-transfer-encoding")));
  const auto boundary = part.type.parameters.find("boundary");
  if (part.type.value.starts_with("multipart/") && boundary != part.type.parameters.end()) {
    const Status children = parse_children(bytes, boundary->second, nesting_left, part);
    if (!children) return children.error();
  } else if (part.type.value == "message/rfc822") {
    const std::string inner = decode_body(bytes, encoding);
    Result<MimePart> child = parse_part(inner, nesting_left - 1);
    if (!child) return child.error();
    part.children.push_back(std::move(*child));
  } else {
    part.body = decode_body(bytes, encoding);
  }
  return part;
}

}  // namespace

std::string MimePart::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

std::string MimePart::file_name() const {
  const FieldValue disposition = parse_field_value(field("content-disposition"));
  for (const auto& [parameters, key] : {std::pair(&disposition.parameters, "filename"), {&type.parameters, "name"}}) {
    const auto plain = parameters->find(key);
    if (plain != parameters->end()) return decode_encoded_words(plain->second);
    const auto extended = parameters->find(std::string(key) + "*");  // RFC 2231: UTF-8''na%C3%AFve.txt
    if (extended == parameters->end()) continue;
    std::string value = extended->second.substr(extended->second.rfind('\'') + 1);
    std::ranges::replace(value, '%', '=');
    return text::to_valid_utf8(decode_quoted_printable(value + " ", false).substr(0, value.size()));
  }
  return {};
}

bool MimePart::is_attachment() const {
  return lower(field("content-disposition")).starts_with("attachment") || !file_name().empty();
}

Result<MimePart> parse_mime(std::string_view bytes, int max_nesting) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.starts_with("From ")) take_line(bytes);  // the separator of an mbox
  Result<MimePart> message = parse_part(bytes, max_nesting);
  if (!message) return message;
  const auto has = [&](const char* name) { return message->fields.contains(name); };
  if (!has("from") && !has("subject") && !has("date") && !has("received") && !has("to")) {
    return Error{ErrorKind::bad_input, "it is no e-mail: it does not begin with fields like From, Date and Subject"};
  }
  return message;
}

std::string decode_encoded_words(std::string_view header) {
  std::string result;
  bool after_word = false;
  while (!header.empty()) {
    const auto start = header.find("=?");
    const auto charset_end = start == std::string_view::npos ? start : header.find('?', start + 2);
    const auto encoding_end = charset_end == std::string_view::npos ? charset_end : header.find('?', charset_end + 1);
    const auto end = encoding_end == std::string_view::npos ? encoding_end : header.find("?=", encoding_end + 1);
    if (end == std::string_view::npos) break;
    const std::string_view before = header.substr(0, start);
    // White space between two encoded words belongs to neither.
    if (!after_word || before.find_first_not_of(" \t") != std::string_view::npos) result += text::to_valid_utf8(before);
    std::string_view charset = header.substr(start + 2, charset_end - start - 2);
    charset = charset.substr(0, charset.find('*'));
    const std::string encoding = lower(header.substr(charset_end + 1, encoding_end - charset_end - 1));
    const std::string_view payload = header.substr(encoding_end + 1, end - encoding_end - 1);
    const std::string bytes = encoding == "b" ? decode_base64(payload) : decode_quoted_printable(payload, true);
    const Result<text::Decoded> decoded = text::decode(bytes, charset);
    result += decoded ? decoded->utf8 : text::to_valid_utf8(bytes);
    after_word = true;
    header = header.substr(end + 2);
  }
  return result + text::to_valid_utf8(header);
}

}  // namespace attune::reader
