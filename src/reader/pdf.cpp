// PDF, by poppler's pdftotext in a process of its own: a hostile file cannot harm ours, and a GPL program is not
// linked.
#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <vector>

#include "attune/text.hpp"

#include "reader/bounded_process.hpp"
#include "reader/flow_text.hpp"
#include "reader/format.hpp"
#include "reader/source_lines.hpp"
#include "reader/text_builder.hpp"

namespace attune::reader {
namespace {

constexpr std::size_t kLongestRunningLine = 120;  // bytes, of a header or footer
constexpr std::size_t kFewestPagesToCompare = 4;
constexpr std::size_t kLongestTitle = 150;  // bytes, of a first line that may be the title

Error not_installed() {
  return Error{ErrorKind::unsupported,
               "reading PDF files needs the program pdftotext (Debian: apt install poppler-utils)"};
}

// pdftotext's complaints in the words of a person.
Error failure(const ProcessResult& result) {
  const auto says = [&](std::string_view phrase) { return result.errors.find(phrase) != std::string::npos; };
  if (says("Incorrect password")) return Error{ErrorKind::bad_input, "the PDF is protected by a password"};
  if (says("Unsupported security handler") || says("encrypt")) {
    return Error{ErrorKind::unsupported, "the PDF is encrypted in a way that cannot be read"};
  }
  if (result.exit_code == 3) return Error{ErrorKind::bad_input, "the PDF's author forbids taking out its text"};
  if (says("xref") || says("trailer") || says("May not be a PDF")) {
    return Error{ErrorKind::bad_input, "the PDF is damaged or cut off: its table of contents cannot be found"};
  }
  std::string_view first = result.errors;
  first = first.substr(0, std::min(first.find('\n'), std::size_t{200}));
  return Error{ErrorKind::bad_input,
               "the PDF is damaged" + (first.empty() ? std::string() : ": " + text::to_valid_utf8(first))};
}

Result<ProcessResult> run(const Input& input, std::string program, std::vector<std::string> arguments,
                          std::uint64_t max_output) {
  Result<ProcessResult> result = run_process({.program = std::move(program),
                                              .arguments = std::move(arguments),
                                              .input = input.bytes,
                                              .max_time = std::chrono::seconds(input.options.external_seconds),
                                              .max_output = max_output,
                                              .stop = input.stop});
  if (!result && result.error().kind == ErrorKind::not_found) return not_installed();
  return result;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text = text.substr(end + 1);
  }
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\f") == std::string_view::npos;
}

std::string_view trimmed(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\f");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\f") - first + 1);
}

// "Chapter 3 … 47" and "Chapter 3 … 48" are the same running line.
std::string without_numbers(std::string_view line) {
  std::string shape;
  for (const char c : trimmed(line)) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) {
      shape += c;
    } else if (!shape.ends_with('#')) {
      shape += '#';
    }
  }
  return shape;
}

using Page = std::vector<std::string_view>;  // its lines

// Takes off the first and last lines that most pages share. Returns how many lines it took.
std::size_t remove_running_lines(std::vector<Page>& pages) {
  if (pages.size() < kFewestPagesToCompare) return 0;
  std::size_t removed = 0;
  for (const bool at_top : {true, false}) {
    const auto edge = [&](const Page& page) -> std::size_t {
      if (at_top) return static_cast<std::size_t>(std::ranges::find_if_not(page, is_blank) - page.begin());
      for (std::size_t i = page.size(); i > 0; --i) {
        if (!is_blank(page[i - 1])) return i - 1;
      }
      return page.size();
    };
    std::map<std::string, std::size_t> counts;
    for (const Page& page : pages) {
      const std::size_t at = edge(page);
      if (at < page.size() && page[at].size() <= kLongestRunningLine) ++counts[without_numbers(page[at])];
    }
    for (Page& page : pages) {
      const std::size_t at = edge(page);
      if (at == page.size() || page[at].size() > kLongestRunningLine) continue;
      // Even and odd pages may differ: a third of all pages is enough.
      if (counts[without_numbers(page[at])] * 3 < pages.size()) continue;
      page.erase(page.begin() + static_cast<std::ptrdiff_t>(at));
      ++removed;
    }
  }
  return removed;
}

// The length of a bullet at the head of the line, 0 if there is none.
std::size_t bullet_length(std::string_view line) {
  if (line == "•" || line == "▪" || line == "●") return line.size();  // the text comes on the next line
  for (const std::string_view bullet : {"• ", "‣ ", "◦ ", "▪ ", "■ ", "● ", "– ", "- ", "* "}) {
    if (line.starts_with(bullet)) return bullet.size();
  }
  return 0;
}

// Without the row of dots that leads to a page number.
std::string without_leaders(std::string_view line) {
  const auto from = line.find(". . . .");
  if (from == std::string_view::npos) return std::string(line);
  const auto to = line.find_first_not_of(". ", from);
  return std::string(line.substr(0, from)) +
         (to == std::string_view::npos ? "" : " " + without_leaders(line.substr(to)));
}

// True if the word cut by the hyphen at the end of `before` goes on in `after`.
bool continues_word(const std::string& before, std::string_view after) {
  if (before.size() < 2 || after.empty() || before.back() != '-') return false;
  return std::islower(static_cast<unsigned char>(before[before.size() - 2])) != 0 &&
         std::islower(static_cast<unsigned char>(after.front())) != 0;
}

class PageBlocks {
 public:
  PageBlocks(TextBuilder& builder, int page) : builder_(builder), page_(page) {}

  void add(std::string_view line) {
    line = trimmed(line);
    if (line.empty()) {
      close();
      return;
    }
    if (const std::size_t bullet = bullet_length(line); bullet != 0) {
      close();
      kind_ = BlockKind::list_item;
      line.remove_prefix(bullet);
    }
    if (continues_word(paragraph_, line)) {
      paragraph_.pop_back();
    } else if (!paragraph_.empty()) {
      paragraph_ += '\n';
    }
    paragraph_ += without_leaders(line);
  }
  void close() {
    builder_.add(kind_, as_flow(paragraph_), page_);
    paragraph_.clear();
    kind_ = BlockKind::paragraph;
  }

 private:
  TextBuilder& builder_;
  int page_;
  BlockKind kind_ = BlockKind::paragraph;
  std::string paragraph_;
};

// Title, author and date as the file itself states them. None is no failure.
void read_info(const Input& input, ExtractedText& result) {
  const Result<ProcessResult> info = run(input, "pdfinfo", {"-enc", "UTF-8", "-isodates", "/dev/stdin"}, 1U << 20U);
  if (!info || info->exit_code != 0) return;
  const std::string text = text::to_valid_utf8(info->output);
  for (const std::string_view line : split(text, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, colon);
    std::string value = as_flow(line.substr(colon + 1));
    if (value.empty()) continue;
    if (key == "Title") {
      // What word processors put there when the author put nothing.
      for (const std::string_view prefix : {"Microsoft Word - ", "Microsoft PowerPoint - "}) {
        if (value.starts_with(prefix)) value.erase(0, prefix.size());
      }
      if (value != "untitled" && value != "Untitled" && value != "PowerPoint Presentation") result.title = value;
    } else if (key == "Author" || key == "Subject" || key == "Keywords") {
      result.metadata[key == "Author" ? "author" : key == "Subject" ? "subject" : "keywords"] = value;
    } else if (key == "CreationDate") {
      result.metadata["date"] = value;
    } else if (key == "Pages") {
      result.metadata["pages"] = value;
    }
  }
}

std::string title_from_text(const ExtractedText& result) {
  if (result.blocks.empty() || result.blocks.front().page != 1) return {};
  const std::string_view first = result.blocks.front().span.of(result.text);
  return first.size() <= kLongestTitle ? std::string(first) : std::string();
}

}  // namespace

Result<ExtractedText> read_pdf(const Input& input) {
  // Twice the text that is kept, for what paragraphs lose when their lines are joined.
  const Result<ProcessResult> run_result =
      run(input, "pdftotext", {"-enc", "UTF-8", "-eol", "unix", "/dev/stdin", "-"}, input.options.max_text_bytes * 2);
  if (!run_result) return run_result.error();
  if (run_result->exit_code != 0) return failure(*run_result);
  const std::string text = text::to_valid_utf8(run_result->output);
  std::vector<Page> pages;
  for (const std::string_view page : split(text, '\f')) pages.push_back(split(page, '\n'));
  if (pages.size() > 1 && std::ranges::all_of(pages.back(), is_blank)) pages.pop_back();
  const auto blank_pages = static_cast<std::size_t>(
      std::ranges::count_if(pages, [](const Page& page) { return std::ranges::all_of(page, is_blank); }));
  if (blank_pages == pages.size()) {
    return Error{ErrorKind::unsupported, "the PDF has no text layer: it seems to be scanned"};
  }
  TextBuilder builder(input.options.max_text_bytes);
  std::vector<std::string>& notes = builder.result().notes;
  if (blank_pages > 0) {
    notes.push_back(std::to_string(blank_pages) + " of " + std::to_string(pages.size()) +
                    " pages have no text: they are empty or scanned");
  }
  if (const std::size_t removed = remove_running_lines(pages); removed > 0) {
    notes.push_back(std::to_string(removed) + " running headers and footers were left out");
  }
  for (std::size_t i = 0; i < pages.size(); ++i) {
    PageBlocks blocks(builder, static_cast<int>(i) + 1);
    for (const std::string_view line : pages[i]) blocks.add(line);
    blocks.close();
  }
  read_info(input, builder.result());
  ExtractedText result = builder.finish();
  if (result.title.empty()) result.title = title_from_text(result);
  return result;
}

}  // namespace attune::reader
