// One reader: a function from a file's bytes to its text, and the names that call for it. The table of all formats is
// in formats.cpp; a new reader is one file, one line there, one folder in tests/golden/reader/.
#pragma once

#include <filesystem>
#include <span>
#include <stop_token>
#include <string_view>

#include "attune/core/result.hpp"
#include "attune/data/document.hpp"
#include "attune/reader.hpp"

namespace attune::reader {

struct Input {
  const std::filesystem::path& path;
  std::string_view bytes;
  const ReadOptions& options;
  std::stop_token stop;
};

// Fills everything but ExtractedText::format; an empty title is replaced by the file's name.
using ReadFunction = Result<ExtractedText> (*)(const Input& input);

// What a format's bytes begin with. Checked before the reader is called, so that a reader never sees a picture or an
// archive that only carries its name.
// `office` is a zip too; the container of old and of password-protected Office files is let through to the reader,
// which says what to do about it.
enum class Container { text, text_or_gzip, pdf, zip, office };

struct Format {
  std::string_view name;                         // as in ExtractedText::format
  std::string_view noun;                         // for a person: "a PDF file"
  std::span<const std::string_view> extensions;  // lower case, without the dot
  Container container = Container::text;
  ReadFunction read = nullptr;
};

// All formats, by ascending name.
std::span<const Format> formats();

// The format of that name, nullptr if there is none.
const Format* find_format(std::string_view name);

// The format that the file's name calls for; nullptr when the name says nothing.
const Format* format_by_name(const std::filesystem::path& path);

// The format that the content calls for; nullptr when it is none that can be read.
const Format* format_by_content(const std::filesystem::path& path, std::string_view bytes);

// What binary file this is, for a person ("a PNG picture"), told by its first bytes; "" if it may well be text.
std::string_view binary_noun(std::string_view bytes);

// Fails with bad_input when the bytes cannot be of `format` because they plainly are something else.
Status check_container(const Format& format, std::string_view bytes);

// One declaration for each reader; the file that defines it has the format's name.
Result<ExtractedText> read_plain_text(const Input& input);
Result<ExtractedText> read_markdown(const Input& input);
Result<ExtractedText> read_html(const Input& input);
Result<ExtractedText> read_pdf(const Input& input);
Result<ExtractedText> read_csv(const Input& input);
Result<ExtractedText> read_json(const Input& input);
Result<ExtractedText> read_source_code(const Input& input);
Result<ExtractedText> read_man_page(const Input& input);
Result<ExtractedText> read_email(const Input& input);
Result<ExtractedText> read_docx(const Input& input);
Result<ExtractedText> read_pptx(const Input& input);
Result<ExtractedText> read_xlsx(const Input& input);
Result<ExtractedText> read_odt(const Input& input);
Result<ExtractedText> read_epub(const Input& input);

}  // namespace attune::reader
