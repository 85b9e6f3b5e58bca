// What PyPI `tokenizers` made of a few dozen texts with each kind of tokenizer file
// (tools/model/make_tokenizer_golden.py).
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "attune/tokenizer.hpp"

namespace attune {
namespace {

const std::filesystem::path kGolden = std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests/tokenizer/golden";

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char byte : line) {
    if (byte == '\t') {
      fields.emplace_back();
    } else {
      fields.back() += byte;
    }
  }
  return fields;
}

std::string unescaped(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      bytes += text[at];
      continue;
    }
    const char kind = text[++at];
    if (kind == 'x') {
      bytes += static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
      at += 2;
    } else {
      bytes += kind == 'n' ? '\n' : kind == 't' ? '\t' : '\\';
    }
  }
  return bytes;
}

std::string written(const Encoding& encoding) {
  std::string text;
  for (std::size_t index = 0; index < encoding.ids.size(); ++index) {
    text += (index > 0 ? " " : "") + std::to_string(encoding.ids[index]) + ':' +
            std::to_string(encoding.offsets[index].start) + ':' + std::to_string(encoding.offsets[index].end);
  }
  return text;
}

std::string written(const Result<ModelInput>& input) {
  if (!input) return "error";
  std::string text;
  for (std::size_t index = 0; index < input->ids.size(); ++index) {
    text += (index > 0 ? " " : "") + std::to_string(input->ids[index]) + ':' +
            std::to_string(input->offsets[index].start) + ':' + std::to_string(input->offsets[index].end) + ':' +
            std::to_string(input->types[index]);
  }
  return text;
}

Truncation truncation_of(std::string_view name) {
  if (name == "only_first") return Truncation::only_first;
  return name == "only_second" ? Truncation::only_second : Truncation::longest_first;
}

// What the tokenizer says to a line of the golden file; the line's last field is what it should.
std::string answer(const Tokenizer& tokenizer, const std::vector<std::string>& fields) {
  const Encoding text = tokenizer.encode(unescaped(fields[1]));
  if (fields[0] == "text") {
    CHECK(tokenizer.count(unescaped(fields[1])) == text.ids.size());
    return written(text);
  }
  const std::string& kind = fields[0];
  const std::size_t colon = kind.find(':');
  InputLimits limits;
  limits.max_tokens = std::stoul(kind.substr(colon + 1));
  if (kind.starts_with("input")) return written(build_input(tokenizer.sequence_template(), text, limits));
  limits.truncation = truncation_of(kind.substr(kind.rfind(':') + 1));
  return written(build_pair(tokenizer.sequence_template(), text, tokenizer.encode(unescaped(fields[2])), limits));
}

}  // namespace

TEST_CASE("every kind of tokenizer file gives the ids, offsets and types of the reference") {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    if (entry.path().extension() != ".tsv") continue;
    ++files;
    const std::string name = entry.path().stem().string();
    CAPTURE(name);
    const auto tokenizer = load_tokenizer(kGolden / (name + ".json"));
    REQUIRE_MESSAGE(tokenizer, (tokenizer ? "" : tokenizer.error().text));
    std::ifstream lines(entry.path());
    std::size_t read = 0;
    for (std::string line; std::getline(lines, line); ++read) {
      const std::vector<std::string> fields = fields_of(line);
      CAPTURE(line);
      REQUIRE(fields.size() >= 3);
      CHECK(answer(**tokenizer, fields) == fields.back());
    }
    CHECK(read > 40);
  }
  CHECK(files == 7);
}

}  // namespace attune
