#include "reader/mdoc_line.hpp"

#include <algorithm>
#include <array>

namespace attune::reader {
namespace {

struct Enclosure {
  std::string_view macro;
  std::string_view open;
  std::string_view close;
};

// Macros that put signs around the rest of the line.
constexpr std::array<Enclosure, 14> kEnclosures = {{{"Op", "[", "]"},
                                                    {"Oo", "[", ""},
                                                    {"Dq", "“", "”"},
                                                    {"Qq", "\"", "\""},
                                                    {"Sq", "‘", "’"},
                                                    {"Ql", "‘", "’"},
                                                    {"Pq", "(", ")"},
                                                    {"Po", "(", ""},
                                                    {"Bq", "[", "]"},
                                                    {"Brq", "{", "}"},
                                                    {"Aq", "<", ">"},
                                                    {"Do", "“", ""},
                                                    {"Qo", "\"", ""},
                                                    {"So", "‘", ""}}};

// Macros whose words are text as they stand.
constexpr std::array<std::string_view, 26> kPlain = {"Ad", "An", "Cm", "Dv", "Em", "Er", "Ev", "Fa", "Ft",
                                                     "Ic", "In", "Li", "Lk", "Ms", "Mt", "No", "Pa", "St",
                                                     "Sx", "Sy", "Tn", "Va", "Vt", "Ar", "Fn", "Cd"};

bool closes(std::string_view word) {
  return word.size() == 1 && std::string_view(".,:;)]?!").find(word) != std::string_view::npos;
}

class Line {
 public:
  void add(std::string_view word) {
    if (!text_.empty() && !glued_ && !closes(word)) text_ += ' ';
    glued_ = word == "(" || word == "[";
    text_ += word;
  }
  void glue() { glued_ = true; }
  void append(std::string_view sign) { text_ += sign; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  bool glued_ = true;
};

}  // namespace

std::string mdoc_text(const std::vector<std::string>& words, std::string_view name) {
  Line line;
  std::string closing;  // what still has to be closed at the end of the line
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool last = i + 1 == words.size() || closes(words[i + 1]);
    const auto enclosure = std::ranges::find(kEnclosures, word, &Enclosure::macro);
    if (enclosure != kEnclosures.end()) {
      line.add(enclosure->open);
      line.glue();
      closing.insert(0, enclosure->close);
    } else if (word == "Oc" || word == "Bc") {
      line.append("]");
    } else if (word == "Pc") {
      line.append(")");
    } else if (word == "Dc" || word == "Qc" || word == "Sc") {
      line.append(word == "Dc" ? "”" : word == "Qc" ? "\"" : "’");
    } else if (word == "Fl") {
      line.add("-");
      if (!last) line.glue();
    } else if (word == "Nm") {
      if (last) line.add(name);
    } else if (word == "Ns" || word == "Ap") {
      if (word == "Ap") line.append("'");
      line.glue();
    } else if (word == "Xr" && !last) {
      line.add(words[++i]);
      if (i + 1 < words.size() && !closes(words[i + 1])) line.append("(" + words[++i] + ")");
    } else if (word == "Ar" && last) {
      line.add("file ...");
    } else if (closes(word) && i + 1 == words.size()) {
      line.append(closing);
      closing.clear();
      line.append(word);
    } else if (std::ranges::find(kPlain, word) == kPlain.end()) {
      line.add(word);
    }
  }
  line.append(closing);
  return line.take();
}

}  // namespace attune::reader
