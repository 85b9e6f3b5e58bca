// Manual pages in man(7) and mdoc(7), packed or not: sections as headings, options as list items, examples as code.
#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "attune/text.hpp"

#include "reader/flow_text.hpp"
#include "reader/format.hpp"
#include "reader/gunzip.hpp"
#include "reader/mdoc_line.hpp"
#include "reader/source_lines.hpp"
#include "reader/text_builder.hpp"
#include "reader/troff_escapes.hpp"

namespace attune::reader {
namespace {

using Words = std::vector<std::string>;

std::string joined(const Words& words, std::string_view separator = " ", std::size_t from = 0) {
  std::string result;
  for (std::size_t i = from; i < words.size(); ++i) result.append(i == from ? "" : separator).append(words[i]);
  return result;
}

// "LS" is how the header shouts the name; "Foo::Bar" is the name.
std::string quiet(std::string name) {
  const bool shouts = std::ranges::none_of(name, [](unsigned char c) { return std::islower(c) != 0; });
  if (shouts)
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

class ManPage {
 public:
  explicit ManPage(TextBuilder& builder) : builder_(builder) {}

  void add_line(std::string_view line, int number);
  void finish();

 private:
  void add_request(std::string_view line);
  bool add_structure(const std::string& name, const Words& words);
  bool add_font(const std::string& name, const Words& words);
  bool add_mdoc(const std::string& name, const Words& words);
  bool skip_definition(std::string_view line);
  bool handle_condition(std::string_view line);
  void add_text(std::string_view text);
  void add_table_line(std::string_view line);
  void start_item(std::string_view tag);
  void close();
  void set_code(bool on);
  void set_title(const Words& words);

  TextBuilder& builder_;
  int number_ = 0;  // of the line at hand
  int line_ = 0;    // where the open block began
  FlowText flow_;
  std::string code_;
  bool in_code_ = false;
  bool in_item_ = false;
  bool tag_next_ = false;  // the next line of text is the tag of an item
  bool in_table_ = false;
  bool table_format_ = false;  // the lines that say how a table looks
  int heading_next_ = 0;       // the next line of text is a heading of that level
  std::string skip_until_;     // the end of a macro's definition
  int skip_depth_ = 0;         // open braces of a condition that does not hold
  bool last_condition_ = true;
  bool is_mdoc_ = false;
  std::string mdoc_name_;
  std::string mdoc_date_;
};

void ManPage::close() {
  if (in_code_) {
    builder_.add(BlockKind::code, code_, 0, line_);
    code_.clear();
  }
  builder_.add(in_item_ ? BlockKind::list_item : BlockKind::paragraph, flow_.take(), 0, line_);
  in_item_ = false;
  line_ = 0;
}

void ManPage::set_code(bool on) {
  if (in_code_ == on) return;
  close();
  in_code_ = on;
}

void ManPage::add_text(std::string_view text) {
  if (heading_next_ != 0) {
    builder_.add_heading(heading_next_, text, 0, number_);
    heading_next_ = 0;
    return;
  }
  if (line_ == 0) line_ = number_;
  if (in_code_) {
    code_.append(text).append("\n");
    return;
  }
  if (tag_next_) {
    tag_next_ = false;
    start_item(text);
    return;
  }
  flow_.add(text);
  flow_.add("\n");
}

// "tag: description" is one item, so that an option is found with what it does.
void ManPage::start_item(std::string_view tag) {
  close();
  in_item_ = true;
  line_ = number_;
  if (tag.empty() || tag == "•" || tag == "*" || tag == "-" || tag == "o" || tag == "·") return;
  flow_.add(tag);
  flow_.add(tag.ends_with(':') || tag.ends_with('.') ? " " : ": ");
}

void ManPage::set_title(const Words& words) {
  ExtractedText& result = builder_.result();
  if (words.empty() || !result.title.empty()) return;
  result.title = quiet(words[0]) + (words.size() > 1 ? "(" + words[1] + ")" : std::string());
  if (words.size() > 1) result.metadata["section"] = words[1];
  if (is_mdoc_) {
    if (!mdoc_date_.empty()) result.metadata["date"] = mdoc_date_;
    return;
  }
  if (words.size() > 2 && !words[2].empty()) result.metadata["date"] = words[2];
  if (words.size() > 3 && !words[3].empty()) result.metadata["source"] = words[3];
}

// A macro's definition (".de" up to "..") is no text.
bool ManPage::skip_definition(std::string_view line) {
  if (skip_until_.empty()) return false;
  if (line == skip_until_) skip_until_.clear();
  return true;
}

// ".if n text": n, "for a terminal", holds; everything else (t, numbers, comparisons) does not.
bool ManPage::handle_condition(std::string_view line) {
  const std::string_view name = line.substr(0, 3);
  const bool is_if = name == ".if" || name == ".ie" || name == "'if" || name == "'ie";
  const bool is_else = name == ".el" || name == "'el";
  if (!is_if && !is_else) return false;
  std::string_view rest = line.substr(3);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  bool holds = !last_condition_;
  if (is_if) {
    const bool negated = rest.starts_with('!');
    if (negated) rest.remove_prefix(1);
    holds = rest.starts_with("n ") || rest.starts_with("n\\{");
    holds = holds != negated;
    last_condition_ = holds;
    const auto end = rest.find_first_of(" \\");
    // "\n(.g" is a number register, part of the condition.
    const auto body = rest.starts_with("\\n") ? rest.find(' ') : end;
    rest.remove_prefix(std::min(body, rest.size()));
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  }
  const bool opens = rest.find("\\{") != std::string_view::npos && rest.find("\\}") == std::string_view::npos;
  if (!holds) {
    if (opens) skip_depth_ = 1;
    return true;
  }
  if (rest.starts_with("\\{")) rest.remove_prefix(2);
  if (!rest.empty() && rest != "\\") add_line(rest, number_);
  return true;
}

bool ManPage::add_structure(const std::string& name, const Words& words) {
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
  };
  if (name == "TH") {
    set_title(words);
  } else if (is({"SH", "SS", "Sh", "Ss"})) {
    in_code_ ? set_code(false) : close();
    tag_next_ = false;
    heading_next_ = name == "SH" || name == "Sh" ? 1 : 2;
    if (!words.empty()) add_text(joined(words));
  } else if (is({"PP", "P", "LP", "Pp", "sp", "HP", "YS", "UE", "ME"})) {
    const bool ends_link = name == "UE" || name == "ME";
    if (in_code_) {
      code_ += '\n';
    } else if (!ends_link) {
      close();
    }
  } else if (is({"RS", "RE", "Bk", "Ek", "Os", "ad", "hy", "nh", "na", "in", "ti", "PD", "ne", "ft", "ps", "so",
                 "nr"})) {
    if (name == "so" && !words.empty()) add_text("see " + words[0]);
  } else if (is({"TP", "TQ"})) {
    close();
    tag_next_ = true;
  } else if (name == "IP") {
    words.empty() ? close() : start_item(words[0]);
  } else if (is({"nf", "EX", "Vb"})) {
    set_code(true);
  } else if (is({"fi", "EE", "Ve"})) {
    set_code(false);
  } else if (name == "br") {
    flow_.line_break();
  } else if (name == "TS") {
    close();
    in_table_ = table_format_ = true;
  } else if (is({"de", "ig", "am"})) {
    skip_until_ = name == "ig" && !words.empty() ? "." + words[0] : words.size() > 1 ? "." + words[1] : "..";
  } else if (is({"ds", "rm", "tr", "ta", "nop", "EQ", "EN", "LO", "IX", "PU", "UC", "AT"})) {
    return true;
  } else {
    return false;
  }
  return true;
}

bool ManPage::add_font(const std::string& name, const Words& words) {
  static constexpr std::array<std::string_view, 6> kAlternating = {"BR", "RB", "IR", "RI", "BI", "IB"};
  if (std::ranges::find(kAlternating, name) != kAlternating.end()) {
    add_text(joined(words, ""));
  } else if (name == "B" || name == "I" || name == "R" || name == "SM" || name == "SB" || name == "UR" ||
             name == "MT" || name == "SY") {
    // Without words the next line is what they mean.
    if (!words.empty()) add_text(joined(words));
  } else if (name == "OP") {
    add_text("[" + joined(words) + "]");
  } else {
    return false;
  }
  return true;
}

bool ManPage::add_mdoc(const std::string& name, const Words& words) {
  if (name == "Dd") {
    is_mdoc_ = true;
    mdoc_date_ = joined(words);
    if (mdoc_date_.starts_with("$")) mdoc_date_.clear();
  } else if (name == "Dt") {
    set_title(words);
  } else if (name == "Nd") {
    add_text("— " + mdoc_text(words, mdoc_name_));
  } else if (name == "Nm") {
    if (mdoc_name_.empty() && !words.empty()) mdoc_name_ = words[0];
    Words all = words;
    if (words.empty()) all.push_back(mdoc_name_);
    add_text(mdoc_text(all, mdoc_name_));
  } else if (name == "It") {
    start_item(mdoc_text(words, mdoc_name_));
  } else if (name == "Bl" || name == "El") {
    close();
  } else if (name == "Bd") {
    const bool literal = !words.empty() && (words[0] == "-literal" || words[0] == "-unfilled");
    literal ? set_code(true) : close();
  } else if (name == "Ed") {
    in_code_ ? set_code(false) : close();
  } else if (name == "D1" || name == "Dl") {
    set_code(true);
    add_text(mdoc_text(words, mdoc_name_));
    set_code(false);
  } else if (is_mdoc_) {
    Words all{name};
    all.insert(all.end(), words.begin(), words.end());
    add_text(mdoc_text(all, mdoc_name_));
  } else {
    return false;
  }
  return true;
}

void ManPage::add_request(std::string_view line) {
  line.remove_prefix(1);
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const auto end = std::min(line.find_first_of(" \t"), line.size());
  const std::string name(line.substr(0, end));
  if (name.empty() || name.starts_with("\\\"") || name == "\\}") return;
  const Words words = troff_arguments(line.substr(end));
  // What is left is an unknown macro: its words are kept, its effect is not.
  if (!add_structure(name, words) && !add_font(name, words) && !add_mdoc(name, words) && !words.empty() &&
      name.size() <= 2 && std::isupper(static_cast<unsigned char>(name[0])) != 0) {
    add_text(joined(words));
  }
}

void ManPage::add_table_line(std::string_view line) {
  if (line == ".TE") {
    in_table_ = table_format_ = false;
  } else if (table_format_) {
    table_format_ = !without_escapes(line).ends_with('.');
  } else if (!line.starts_with('.') && line.find_first_not_of("_=- \t") != std::string_view::npos) {
    std::string row = without_escapes(line);
    for (const std::string_view mark : {"T{", "T}"}) {
      for (auto at = row.find(mark); at != std::string::npos; at = row.find(mark)) row.erase(at, mark.size());
    }
    std::string cells;
    for (const char c : row) cells.append(c == '\t' ? "; " : std::string(1, c));
    builder_.add(BlockKind::table_row, as_flow(cells), 0, number_);
  }
}

void ManPage::add_line(std::string_view line, int number) {
  number_ = number;
  if (skip_definition(line)) return;
  if (skip_depth_ > 0) {
    if (line.find("\\{") != std::string_view::npos) ++skip_depth_;
    if (line.find("\\}") != std::string_view::npos) --skip_depth_;
    return;
  }
  if (in_table_) {
    add_table_line(line);
  } else if (handle_condition(line)) {
    return;
  } else if (line.starts_with('.') || (line.starts_with('\'') && line.size() > 2 && line != "''")) {
    add_request(line);
  } else if (line.find_first_not_of(" \t") == std::string_view::npos) {
    in_code_ ? add_text("") : close();
  } else {
    add_text(without_escapes(line));
  }
}

void ManPage::finish() {
  close();
}

}  // namespace

Result<ExtractedText> read_man_page(const Input& input) {
  std::string unpacked;
  std::string_view bytes = input.bytes;
  if (bytes.starts_with("\x1F\x8B")) {
    Result<std::string> result = gunzip(bytes, input.options.max_unpacked_bytes);
    if (!result) return result.error();
    unpacked = std::move(*result);
    bytes = unpacked;
  }
  Result<text::Decoded> decoded = text::decode(bytes);
  if (!decoded) return decoded.error();
  TextBuilder builder(input.options.max_text_bytes);
  note_decoding(*decoded, builder.result());
  ManPage page(builder);
  SourceLines lines(decoded->utf8);
  while (lines.next() && !builder.full()) {
    if (input.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
    page.add_line(lines.text(), lines.number());
  }
  page.finish();
  ExtractedText result = builder.finish();
  if (result.title.empty() && result.metadata.empty() && decoded->utf8.find("\n.S") == std::string::npos &&
      !decoded->utf8.starts_with(".so ")) {
    return Error{ErrorKind::bad_input, "it is no manual page: it has neither a title (.TH, .Dt) nor sections"};
  }
  return result;
}

}  // namespace attune::reader
