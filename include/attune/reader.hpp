// Reader: given a file, what text and structure is in it, at which byte, page and heading.
//
// First step of ingest: scan_folder lists files, read_document turns one into text. Both are thread-safe. A broken file
// is an Error whose text a person understands ("the file ends in the middle of a table"), never a crash.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/data/document.hpp"

namespace attune {

struct ReadOptions {
  std::uint64_t max_file_bytes = 64ULL << 20;       // larger files are refused (too_large)
  std::uint64_t max_text_bytes = 32ULL << 20;       // extracted text is cut here, with a note
  std::uint64_t max_unpacked_bytes = 512ULL << 20;  // of an archive's members together: stops zip bombs
  int max_nesting = 256;                            // of elements in HTML and XML, of values in JSON
  int external_seconds = 60;                        // for pdftotext, then it is killed
};

// The text of `bytes`, read by the reader that `path`'s name (and, where that says nothing, the content) calls for.
// Fails with unsupported (no reader, or binary content), bad_input (broken), too_large, timeout or cancelled.
Result<ExtractedText> read_document(const std::filesystem::path& path, std::string_view bytes,
                                    const ReadOptions& options = {}, std::stop_token stop = {});

// The short names of all formats that can be read, in alphabetical order.
std::vector<std::string> readable_formats();

// A name that changes whenever a reader's output changes: documents read under another one are read again.
std::string reader_version();

struct ScanOptions {
  std::vector<std::string> include;  // globs over the relative path; empty means everything
  std::vector<std::string> exclude;  // globs over the relative path
  bool hidden = false;               // also files and folders whose name begins with '.'
  bool follow_symlinks = true;  // each real folder is entered once, so loops end; never out of the root unless named
  std::uint64_t max_file_bytes = 64ULL << 20;
};

struct ScannedFile {
  std::string path;  // relative to the root, UTF-8, '/' between parts
  std::filesystem::path absolute;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
};

// A file or folder that will not be read, with the reason for a person.
struct SkippedFile {
  std::string path;
  std::string reason;
};

struct Scan {
  std::vector<ScannedFile> files;    // sorted by path
  std::vector<SkippedFile> skipped;  // too large, unreadable, a loop; not what an ignore rule excluded
};

// All files below `root` after .gitignore, .attuneignore, hidden-file and glob rules. `root` may be one file.
// Fails with not_found or io if the root itself cannot be read, and with cancelled.
Result<Scan> scan_folder(const std::filesystem::path& root, const ScanOptions& options = {}, std::stop_token stop = {});

// True if `glob` ('*', '**', '?', '[a-z]') matches the whole relative path.
bool glob_matches(std::string_view glob, std::string_view path);

}  // namespace attune
