#include "attune/reader.hpp"

#include <exception>
#include <string>
#include <utility>

#include "attune/core/file.hpp"
#include "attune/text.hpp"

#include "reader/format.hpp"

namespace attune {
namespace {

using reader::Format;

constexpr std::size_t kLongestTitle = 300;  // bytes; a title is shown on one line

// Collapses white space and cuts between code points.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : c;
  }
  if (line.size() > kLongestTitle) line.resize(text::grapheme_boundary_at_or_before(line, kLongestTitle));
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

// Which reader, by name and then by content. Fails when no reader knows it.
Result<const Format*> choose_format(const std::filesystem::path& path, std::string_view bytes) {
  if (const Format* named = reader::format_by_name(path)) {
    if (const Status fits = reader::check_container(*named, bytes); !fits) return fits.error();
    return named;
  }
  if (const Format* sniffed = reader::format_by_content(path, bytes)) return sniffed;
  const std::string_view noun = reader::binary_noun(bytes);
  return Error{ErrorKind::unsupported,
               "there is no reader for " + std::string(noun.empty() ? "this kind of file" : noun)};
}

Result<ExtractedText> read_with(const Format& format, const reader::Input& input) {
  try {
    return format.read(input);
  } catch (const std::bad_alloc&) {
    return Error{ErrorKind::too_large, "there is not enough memory to read it"};
  } catch (const std::exception& error) {
    return Error{ErrorKind::internal, std::string("the reader failed: ") + error.what()};
  }
}

}  // namespace

Result<ExtractedText> read_document(const std::filesystem::path& path, std::string_view bytes,
                                    const ReadOptions& options, std::stop_token stop) {
  if (stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
  if (bytes.empty()) return Error{ErrorKind::bad_input, "the file is empty"};
  if (bytes.size() > options.max_file_bytes) {
    return Error{ErrorKind::too_large, "the file has " + std::to_string(bytes.size()) + " bytes; the limit is " +
                                           std::to_string(options.max_file_bytes)};
  }
  const Result<const Format*> chosen = choose_format(path, bytes);
  if (!chosen) return chosen.error();
  const Format& format = **chosen;
  Result<ExtractedText> read = read_with(format, {path, bytes, options, std::move(stop)});
  if (!read) {
    // A name without meaning was taken for text, and it is none: no reader rather than a broken file.
    if (read.error().kind == ErrorKind::bad_input && format.name == "plain_text" && !reader::format_by_name(path)) {
      return Error{ErrorKind::unsupported, "there is no reader for this kind of file: " + read.error().text};
    }
    return read;
  }
  read->format = format.name;
  read->title = one_line(read->title);
  if (read->title.empty()) read->title = text::to_valid_utf8(to_utf8(path.filename()));
  if (read->blocks.empty()) read->notes.push_back("there is no text in it");
  return read;
}

std::vector<std::string> readable_formats() {
  std::vector<std::string> names;
  for (const Format& format : reader::formats()) names.emplace_back(format.name);
  return names;
}

std::string reader_version() {
  // Raise the number whenever any reader's output changes.
  return "reader-1";
}

}  // namespace attune
