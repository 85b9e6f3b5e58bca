// One reader: a function from a file's bytes to its text, and the names that call for it. The table of all formats is
// in formats.cpp; a new reader is one file, one line there, one test file.
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

struct Format {
  std::string_view name;                         // as in ExtractedText::format
  std::span<const std::string_view> extensions;  // lower case, without the dot
  ReadFunction read = nullptr;
};

// All formats.
std::span<const Format> formats();

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
