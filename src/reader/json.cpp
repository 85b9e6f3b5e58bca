// JSON and JSON lines: every string and number that stands somewhere, with the names that lead to it.
#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "attune/text.hpp"

#include "reader/flow_text.hpp"
#include "reader/format.hpp"
#include "reader/source_lines.hpp"
#include "reader/text_builder.hpp"

namespace attune::reader {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostLineNotes = 5;  // malformed lines that are named one by one
constexpr std::size_t kLongRow = 600;      // bytes; an object that says more is cut into its members

// Counts brackets outside of strings. The parser builds its tree by recursion, and destroys it so.
bool is_deeper_than(std::string_view text, int limit) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

int line_of(std::string_view text, std::size_t byte) {
  return 1 + static_cast<int>(std::ranges::count(text.substr(0, std::min(byte, text.size())), '\n'));
}

std::string scalar_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return {};
}

// "a.b: text; c: text" for everything below `value`.
void describe(const Json& value, const std::string& path, std::string& row) {
  if (value.is_object()) {
    for (const auto& [key, child] : value.items()) describe(child, path.empty() ? key : path + "." + key, row);
    return;
  }
  if (value.is_array()) {
    for (const Json& child : value) describe(child, path, row);
    return;
  }
  const std::string text = as_flow(scalar_text(value));
  if (text.empty()) return;
  if (!row.empty()) row += "; ";
  if (!path.empty()) row.append(path).append(": ");
  row += text;
}

// What a person would call the thing that the object describes.
std::string title_of(const Json& value) {
  if (!value.is_object()) return {};
  for (const char* key : {"title", "name", "headline", "subject"}) {
    const auto found = value.find(key);
    if (found != value.end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

class Blocks {
 public:
  explicit Blocks(TextBuilder& builder) : builder_(builder) {}

  // One block for a value that fits into one row; a larger one is taken apart.
  void add(const Json& value, const std::string& path, int line) {
    if (builder_.full()) return;
    std::string row;
    if (!value.is_structured() || (!holds_records(value) && size_up(value, kLongRow) <= kLongRow)) {
      describe(value, path, row);
      builder_.add(BlockKind::table_row, row, 0, line);
      return;
    }
    if (value.is_array()) {
      for (const Json& child : value) add(child, path, line);
      return;
    }
    for (const auto& [key, child] : value.items()) add(child, path.empty() ? key : path + "." + key, line);
  }

 private:
  // A list of objects is a table: each is a block of its own.
  static bool holds_records(const Json& value) {
    if (value.is_array() && value.size() > 1 && value.front().is_object()) return true;
    return value.is_structured() && std::ranges::any_of(value, holds_records);
  }

  // The bytes of all strings in `value`, counted until they pass `enough`.
  static std::size_t size_up(const Json& value, std::size_t enough) {
    if (!value.is_structured()) return value.is_string() ? value.get_ref<const std::string&>().size() : 8;
    std::size_t sum = 0;
    for (const auto& [key, child] : value.items()) {
      sum += key.size() + size_up(child, enough);
      if (sum > enough) break;
    }
    return sum;
  }

  TextBuilder& builder_;
};

Result<Json> parse(std::string_view text, int max_nesting) {
  if (is_deeper_than(text, max_nesting)) {
    return Error{ErrorKind::bad_input, "its values are nested more than " + std::to_string(max_nesting) + " deep"};
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::string where = "line " + std::to_string(line_of(text, error.byte));
    if (error.byte >= text.size()) return Error{ErrorKind::bad_input, "the file ends too early, in " + where};
    return Error{ErrorKind::bad_input, "it is no valid JSON from " + where + " on"};
  }
}

bool is_lines_name(const std::filesystem::path& path) {
  return path.extension() == ".jsonl" || path.extension() == ".ndjson";
}

Result<ExtractedText> read_lines(std::string_view text, const Input& input, TextBuilder& builder) {
  Blocks blocks(builder);
  SourceLines lines(text);
  std::size_t malformed = 0;
  std::size_t good = 0;
  while (lines.next()) {
    if (input.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
    if (lines.text().find_first_not_of(" \t") == std::string_view::npos) continue;
    const Result<Json> value = parse(lines.text(), input.options.max_nesting);
    if (!value) {
      if (++malformed <= kMostLineNotes) {
        builder.result().notes.push_back("line " + std::to_string(lines.number()) +
                                         " is no valid JSON and was left out");
      }
      continue;
    }
    ++good;
    std::string row;
    describe(*value, {}, row);
    builder.add(BlockKind::table_row, row, 0, lines.number());
  }
  if (malformed > 0 && good == 0) return Error{ErrorKind::bad_input, "none of its lines is valid JSON"};
  if (malformed > kMostLineNotes) {
    builder.result().notes.push_back(std::to_string(malformed) + " lines are no valid JSON and were left out");
  }
  return builder.finish();
}

}  // namespace

Result<ExtractedText> read_json(const Input& input) {
  Result<text::Decoded> decoded = text::decode(input.bytes, "UTF-8");
  if (!decoded) return decoded.error();
  TextBuilder builder(input.options.max_text_bytes);
  note_decoding(*decoded, builder.result());
  if (is_lines_name(input.path)) return read_lines(decoded->utf8, input, builder);
  const Result<Json> value = parse(decoded->utf8, input.options.max_nesting);
  if (!value) return value.error();
  builder.result().title = title_of(*value);
  Blocks(builder).add(*value, {}, 0);
  return builder.finish();
}

}  // namespace attune::reader
