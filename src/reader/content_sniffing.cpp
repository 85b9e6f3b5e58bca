// Which format is this, told by its bytes? Asked where the name says nothing, and to catch names that lie.
#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "reader/format.hpp"

namespace attune::reader {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kPdfHeaderWithin = 1024;  // Acrobat accepts garbage of that length before "%PDF-"

constexpr std::string_view kOldOffice = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv;  // OLE compound file

struct Signature {
  std::string_view bytes;
  std::string_view noun;
  std::size_t offset = 0;
};

constexpr Signature kSignatures[] = {
    {kOldOffice, "a file of an old Microsoft Office program, or one with a password"},
    {"{\\rtf"sv, "an RTF document"},
    {"%!PS"sv, "a PostScript file"},
    {"\x89PNG\r\n"sv, "a PNG picture"},
    {"\xFF\xD8\xFF"sv, "a JPEG picture"},
    {"GIF87a"sv, "a GIF picture"},
    {"GIF89a"sv, "a GIF picture"},
    {"RIFF"sv, "a picture, recording or film (RIFF)"},
    {"II*\0"sv, "a TIFF picture"},
    {"MM\0*"sv, "a TIFF picture"},
    {"ID3\3"sv, "an MP3 recording"},
    {"ID3\4"sv, "an MP3 recording"},
    {"\xFF\xFB"sv, "an MP3 recording"},
    {"OggS"sv, "an Ogg recording"},
    {"fLaC"sv, "a FLAC recording"},
    {"ftyp"sv, "an MP4 film, recording or picture", 4},
    {"\x1A\x45\xDF\xA3"sv, "a Matroska or WebM film"},
    {"\x1F\x8B\x08"sv, "a gzip archive"},
    {"BZh"sv, "a bzip2 archive"},
    {"\xFD"
     "7zXZ\0"sv,
     "an xz archive"},
    {"7z\xBC\xAF\x27\x1C"sv, "a 7-Zip archive"},
    {"Rar!\x1A\x07"sv, "a RAR archive"},
    {"\x28\xB5\x2F\xFD"sv, "a Zstandard archive"},
    {"ustar"sv, "a tar archive", 257},
    {"\x7F"
     "ELF"sv,
     "a program"},
    {"MZ\x90"sv, "a Windows program"},
    {"\0asm"sv, "a WebAssembly program"},
    {"SQLite format 3\0"sv, "an SQLite database"},
    {"AT&TFORM"sv, "a DjVu document"},
    {"wOFF"sv, "a font"},
    {"wOF2"sv, "a font"},
    {"\0\1\0\0"sv, "a font"},
};

bool is_zip(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04"sv) || bytes.starts_with("PK\x05\x06"sv);
}

bool is_pdf(std::string_view bytes) {
  return bytes.substr(0, kPdfHeaderWithin).find("%PDF-") != std::string_view::npos;
}

bool is_gzip(std::string_view bytes) {
  return bytes.starts_with("\x1F\x8B\x08"sv);
}

// An office document names its kind in the members, which a zip spells out in the clear.
const Format* format_of_zip(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 256);
  if (head.find("application/epub+zip") != std::string_view::npos) return find_format("epub");
  if (head.find("application/vnd.oasis.opendocument.") != std::string_view::npos) return find_format("odt");
  if (bytes.find("[Content_Types].xml") == std::string_view::npos) return nullptr;
  if (bytes.find("word/document.xml") != std::string_view::npos) return find_format("docx");
  if (bytes.find("ppt/presentation.xml") != std::string_view::npos) return find_format("pptx");
  if (bytes.find("xl/workbook.xml") != std::string_view::npos) return find_format("xlsx");
  return nullptr;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

bool looks_like_html(std::string_view bytes) {
  const std::string head = lower(bytes.substr(0, 1024));
  const auto first = head.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == std::string::npos || head[first] != '<') return false;
  const std::string_view start = std::string_view(head).substr(first);
  if (start.starts_with("<?xml") || start.starts_with("<!--")) return start.find("<html") != std::string_view::npos;
  return start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<head") ||
         start.starts_with("<body");
}

// A drawing in XML: text by its bytes, but nothing that anyone would want to read or find.
bool looks_like_svg(std::string_view bytes) {
  const std::string head = lower(bytes.substr(0, 4096));
  const auto first = head.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == std::string::npos) return false;
  const std::string_view start = std::string_view(head).substr(first);
  const bool xml = start.starts_with("<?xml") || start.starts_with("<!--") || start.starts_with("<!doctype svg");
  return start.starts_with("<svg") || (xml && start.find("<svg") < start.find("<html"));
}

// Calls `visit` with each of the first `count` lines until it returns false.
template <typename Visit>
void for_first_lines(std::string_view bytes, int count, Visit visit) {
  while (count-- > 0 && !bytes.empty()) {
    const auto end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!visit(line)) return;
    bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
  }
}

bool looks_like_man_page(std::string_view bytes) {
  bool found = false;
  for_first_lines(bytes, 200, [&](std::string_view line) {
    if (line.starts_with(".TH ") || line.starts_with(".Dd ") || line.starts_with(".so man")) found = true;
    const bool comment_or_request = line.empty() || line.front() == '.' || line.front() == '\'';
    return !found && comment_or_request;
  });
  return found;
}

bool looks_like_email(std::string_view bytes) {
  bool from = false;
  bool other = false;
  bool all_fields = true;
  for_first_lines(bytes, 60, [&](std::string_view line) {
    if (line.empty()) return false;
    if (line.front() == ' ' || line.front() == '\t' || line.starts_with("From ")) return true;
    const auto colon = line.find(':');
    const std::string name = lower(line.substr(0, colon));
    all_fields = colon != std::string_view::npos && colon > 0 && name.find(' ') == std::string::npos;
    from = from || name == "from" || name == "return-path";
    other = other || name == "date" || name == "received" || name == "message-id" || name == "subject";
    return all_fields;
  });
  return all_fields && from && other;
}

// "ls.1.gz", "Foo.3pm.gz": a section number after the dot.
bool is_named_like_man_page(const std::filesystem::path& path) {
  const std::string section = path.stem().extension().string();
  return path.extension() == ".gz" && section.size() > 1 && section[1] >= '1' && section[1] <= '9';
}

}  // namespace

std::string_view binary_noun(std::string_view bytes) {
  if (is_zip(bytes)) return "a zip archive";
  for (const Signature& signature : kSignatures) {
    if (bytes.size() >= signature.offset && bytes.substr(signature.offset).starts_with(signature.bytes)) {
      return signature.noun;
    }
  }
  if (looks_like_svg(bytes)) return "an SVG picture";
  // Last, because a text may well quote "%PDF-" in its first lines.
  return bytes.starts_with("%PDF-") ? "a PDF file" : "";
}

const Format* format_by_content(const std::filesystem::path& path, std::string_view bytes) {
  if (is_zip(bytes)) return format_of_zip(bytes);
  if (is_gzip(bytes)) return is_named_like_man_page(path) ? find_format("man_page") : nullptr;
  if (bytes.starts_with("%PDF-")) return find_format("pdf");
  if (!binary_noun(bytes).empty()) return nullptr;
  if (looks_like_html(bytes)) return find_format("html");
  if (looks_like_man_page(bytes)) return find_format("man_page");
  if (looks_like_email(bytes)) return find_format("email");
  if (bytes.starts_with("#!")) return find_format("source_code");
  return find_format("plain_text");
}

Status check_container(const Format& format, std::string_view bytes) {
  const std::string_view noun = binary_noun(bytes);
  bool fits = false;
  switch (format.container) {
    case Container::text:
      fits = noun.empty();
      break;
    case Container::text_or_gzip:
      fits = noun.empty() || is_gzip(bytes);
      break;
    case Container::pdf:
      fits = is_pdf(bytes);
      break;
    case Container::zip:
      fits = is_zip(bytes);
      break;
    case Container::office:
      fits = is_zip(bytes) || bytes.starts_with(kOldOffice);
      break;
  }
  if (fits) return {};
  std::string_view real = noun;
  if (real.empty()) real = looks_like_html(bytes) ? "a web page (HTML)" : "something else";
  return Error{ErrorKind::bad_input,
               "the file is named like " + std::string(format.noun) + " but its content is " + std::string(real)};
}

}  // namespace attune::reader
