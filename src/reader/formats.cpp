#include <algorithm>
#include <array>
#include <string>

#include "reader/format.hpp"

namespace attune::reader {
namespace {

using Names = std::string_view;

constexpr Names kCsv[] = {"csv", "tsv", "tab"};
// The old binary formats are named as well, so that their reader can say what to do about them.
constexpr Names kDocx[] = {"docx", "docm", "dotx", "dotm", "doc", "dot"};
constexpr Names kEmail[] = {"eml", "email"};
constexpr Names kEpub[] = {"epub"};
constexpr Names kHtml[] = {"html", "htm", "xhtml", "xht", "shtml"};
constexpr Names kJson[] = {"json", "jsonl", "ndjson", "geojson", "ipynb"};
// Sections such as "3pm", and names whose number means something else ("app.log.1"), are told by content.
constexpr Names kManPage[] = {"man", "mdoc"};
constexpr Names kMarkdown[] = {"md", "markdown", "mkd", "mdown", "mdwn", "qmd", "rmd"};
constexpr Names kOdt[] = {"odt", "ott", "ods", "ots", "odp", "otp"};
constexpr Names kPdf[] = {"pdf"};
constexpr Names kPlainText[] = {"txt", "text", "log", "rst", "adoc", "asciidoc", "asc", "org", "srt", "vtt", "tex"};
constexpr Names kPptx[] = {"pptx", "pptm", "ppsx", "potx", "ppt", "pps"};
constexpr Names kXlsx[] = {"xlsx", "xlsm", "xltx", "xlsb", "xls"};
// Also whole names of files that have no extension.
constexpr Names kSourceCode[] = {
    "ada",      "asm",        "awk",     "bash",       "bat",    "bazel",   "c",
    "cc",       "cfg",        "cjs",     "clj",        "cmake",  "conf",    "containerfile",
    "cpp",      "cs",         "css",     "cu",         "cuh",    "cxx",     "d",
    "dart",     "desktop",    "diff",    "dockerfile", "el",     "elm",     "erl",
    "ex",       "exs",        "f90",     "fish",       "fs",     "gemfile", "glsl",
    "go",       "gradle",     "graphql", "groovy",     "h",      "hh",      "hpp",
    "hs",       "hxx",        "ini",     "ixx",        "java",   "jl",      "js",
    "jsx",      "justfile",   "kt",      "kts",        "less",   "lisp",    "lua",
    "m",        "makefile",   "mjs",     "mk",         "ml",     "mli",     "mm",
    "nim",      "nix",        "pas",     "patch",      "php",    "pl",      "pm",
    "po",       "properties", "proto",   "ps1",        "py",     "pyi",     "r",
    "rakefile", "rb",         "rs",      "s",          "sass",   "scala",   "scm",
    "scss",     "service",    "sh",      "sql",        "svelte", "swift",   "tcl",
    "tf",       "toml",       "ts",      "tsx",        "v",      "vala",    "vhdl",
    "vim",      "vue",        "xsl",     "yaml",       "yml",    "zig",     "zsh"};

constexpr Format kFormats[] = {
    {"csv", "a table (CSV or TSV)", kCsv, Container::text, read_csv},
    {"docx", "a Word document", kDocx, Container::office, read_docx},
    {"email", "an e-mail", kEmail, Container::text, read_email},
    {"epub", "an e-book (EPUB)", kEpub, Container::zip, read_epub},
    {"html", "a web page (HTML)", kHtml, Container::text, read_html},
    {"json", "a JSON file", kJson, Container::text, read_json},
    {"man_page", "a manual page", kManPage, Container::text_or_gzip, read_man_page},
    {"markdown", "a Markdown file", kMarkdown, Container::text, read_markdown},
    {"odt", "an OpenDocument file", kOdt, Container::office, read_odt},
    {"pdf", "a PDF file", kPdf, Container::pdf, read_pdf},
    {"plain_text", "a text file", kPlainText, Container::text, read_plain_text},
    {"pptx", "a PowerPoint presentation", kPptx, Container::office, read_pptx},
    {"source_code", "source code", kSourceCode, Container::text, read_source_code},
    {"xlsx", "an Excel workbook", kXlsx, Container::office, read_xlsx},
};

}  // namespace

std::span<const Format> formats() {
  return kFormats;
}

const Format* find_format(std::string_view name) {
  const auto found = std::ranges::find(kFormats, name, &Format::name);
  return found == std::end(kFormats) ? nullptr : &*found;
}

const Format* format_by_name(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (name == "cmakelists.txt") return find_format("source_code");
  const auto dot = name.rfind('.');
  const std::string_view extension = std::string_view(name).substr(dot == std::string::npos ? 0 : dot + 1);
  for (const Format& format : kFormats) {
    // A name without a dot is looked up only as one of the whole names ("makefile"), never as "csv".
    if (dot == std::string::npos && (format.name != "source_code" || extension.size() < 6)) continue;
    if (std::ranges::find(format.extensions, extension) != format.extensions.end()) return &format;
  }
  return nullptr;
}

}  // namespace attune::reader
