#include "attune/chunk.hpp"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "chunk/word_tokenizer.hpp"

namespace attune {
namespace {

// A document as a reader puts it together: blocks with a blank line between them.
class Written {
 public:
  Written& heading(int level, std::string_view text) { return add(BlockKind::heading, text, level); }
  Written& paragraph(std::string_view text) { return add(BlockKind::paragraph, text, 0); }
  Written& add(BlockKind kind, std::string_view text, int level = 0, int page = 0, int line = 0) {
    std::string& whole = document_.content.text;
    if (!whole.empty()) whole += "\n\n";
    document_.content.blocks.push_back({kind, {whole.size(), whole.size() + text.size()}, level, page, line});
    whole += text;
    return *this;
  }
  [[nodiscard]] std::vector<Chunk> chunks(const ChunkOptions& options) const {
    return chunk_document(document_, WordTokenizer(), options);
  }

 private:
  Document document_;
};

// "w1 w2 … wn."
std::string words(const std::string& stem, int count) {
  std::string text;
  for (int i = 1; i <= count; ++i) text += stem + std::to_string(i) + (i < count ? " " : ".");
  return text;
}

constexpr ChunkOptions kSmall{.target_tokens = 10, .max_tokens = 16, .overlap_tokens = 4};

std::vector<std::string> texts(const std::vector<Chunk>& chunks) {
  std::vector<std::string> found;
  for (const Chunk& chunk : chunks) found.push_back(chunk.text);
  return found;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("chunk: a document without text has no chunks") {
  CHECK(Written().chunks(kSmall).empty());
  CHECK(Written().paragraph(" \n ").chunks(kSmall).size() <= 1);
}

TEST_CASE("chunk: a short section is one chunk with its heading in front and its path named") {
  const auto chunks = Written().heading(1, "A").heading(2, "B").paragraph("one two.").chunks(kSmall);
  REQUIRE(chunks.size() == 1);
  CHECK(chunks[0].text == "A\n\nB\n\none two.");
  CHECK(chunks[0].heading == "A › B");
  CHECK(chunks[0].span == ByteSpan{0, 14});
  CHECK(chunks[0].tokens == 4);
}

TEST_CASE("chunk: no chunk reaches across a heading") {
  const auto chunks = Written()
                          .paragraph("before any.")
                          .heading(1, "A")
                          .paragraph("one.")
                          .heading(2, "B")
                          .paragraph("two.")
                          .heading(1, "C")
                          .paragraph("three.")
                          .chunks(kSmall);
  CHECK(texts(chunks) == Texts{"before any.", "A\n\none.", "B\n\ntwo.", "C\n\nthree."});
  CHECK(chunks[0].heading.empty());
  CHECK(chunks[2].heading == "A › B");
  CHECK(chunks[3].heading == "C");
  for (std::size_t i = 0; i < chunks.size(); ++i) CHECK(chunks[i].ordinal == static_cast<int>(i));
}

TEST_CASE("chunk: a heading without text under it still stands in a chunk") {
  CHECK(texts(Written().heading(1, "A").heading(1, "B").paragraph("one.").heading(1, "C").chunks(kSmall)) ==
        Texts{"A", "B\n\none.", "C"});
}

TEST_CASE("chunk: paragraphs that fit stay whole and a full chunk ends between them") {
  const auto chunks = Written()
                          .paragraph(words("a", 7))
                          .paragraph(words("b", 7))
                          .paragraph(words("c", 7))
                          .chunks({.target_tokens = 10, .max_tokens = 16, .overlap_tokens = 0});
  CHECK(texts(chunks) == Texts{words("a", 7) + "\n\n" + words("b", 7), words("c", 7)});
}

TEST_CASE("chunk: a rest that fits does not become a chunk of its own") {
  const auto chunks = Written().paragraph(words("a", 11)).paragraph(words("b", 4)).chunks(kSmall);
  CHECK(chunks.size() == 1);
}

TEST_CASE("chunk: a long paragraph is cut between sentences, and the last sentence is repeated") {
  const std::string text =
      "Alpha beta gamma delta epsilon. Zeta eta theta. Iota kappa lambda mu nu xi. Pi rho sigma. "
      "Tau phi chi psi omega. Alef bet. Gimel dalet he vav. Zayin het tet yod kaf lamed mem.";
  const auto chunks = Written().paragraph(text).chunks(kSmall);
  REQUIRE(chunks.size() == 3);
  CHECK(chunks[0].text == "Alpha beta gamma delta epsilon. Zeta eta theta. Iota kappa lambda mu nu xi.");
  // Six words are more than the overlap allows.
  CHECK(chunks[1].text == "Pi rho sigma. Tau phi chi psi omega. Alef bet.");
  CHECK(chunks[2].text == "Alef bet. Gimel dalet he vav. Zayin het tet yod kaf lamed mem.");
}

TEST_CASE("chunk: code is cut between lines, counts its lines and repeats none") {
  std::string code;
  for (int i = 0; i < 12; ++i) code += "  x" + std::to_string(i) + " = f(y)\n";
  code.pop_back();
  const auto chunks = Written().add(BlockKind::code, code, 0, 0, 5).chunks(kSmall);
  REQUIRE(chunks.size() == 3);
  CHECK(chunks[0].line == 5);
  CHECK(chunks[1].line == 9);
  CHECK(chunks[1].text == "  x4 = f(y)\n  x5 = f(y)\n  x6 = f(y)\n  x7 = f(y)");
}

TEST_CASE("chunk: table rows are kept whole") {
  Written table;
  for (int i = 0; i < 6; ++i) table.add(BlockKind::table_row, "Name: Ada; Born: 1815", 0, 2, i + 1);
  const auto chunks = table.chunks(kSmall);
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].page == 2);
  CHECK(chunks[1].line == 4);
  CHECK(chunks[1].text.starts_with("Name: Ada"));
}

TEST_CASE("chunk: a sentence that is too long is cut between words, Chinese included") {
  const auto english = Written().paragraph(words("word", 40)).chunks(kSmall);
  REQUIRE(english.size() == 3);
  for (const Chunk& chunk : english) CHECK(chunk.tokens <= 16);
  CHECK(english[0].text.ends_with("word16"));
  const auto chinese = Written().paragraph("注意力机制让模型在处理信息时把有限的资源用在最重要的部分").chunks(kSmall);
  REQUIRE(chinese.size() == 2);
  CHECK(chinese[0].text == "注意力机制让模型在处理信息时把");
}

TEST_CASE("chunk: neighbouring tiny sections are one chunk under the heading they share") {
  const ChunkOptions wide{.target_tokens = 80, .max_tokens = 100, .overlap_tokens = 0};
  const auto chunks = Written()
                          .heading(1, "Glossary")
                          .paragraph("Words that this book uses, each with what it means here.")
                          .heading(2, "Key")
                          .paragraph("What is matched.")
                          .heading(2, "Value")
                          .paragraph("What is mixed.")
                          .heading(1, "End")
                          .paragraph("Fin.")
                          .chunks(wide);
  REQUIRE(chunks.size() == 3);
  CHECK(chunks[1].text == "Key\n\nWhat is matched.\n\nValue\n\nWhat is mixed.");
  CHECK(chunks[1].heading == "Glossary");
}

TEST_CASE("chunk: senseless options are brought into order") {
  const auto chunks = Written()
                          .paragraph("one two three. four five.")
                          .chunks({.target_tokens = -5, .max_tokens = 0, .overlap_tokens = 99});
  CHECK(chunks.size() == 5);
  for (const Chunk& chunk : chunks) CHECK(chunk.tokens == 1);
}

TEST_CASE("chunk: the version names every option") {
  const std::string version = chunker_version({});
  CHECK(version != chunker_version({.target_tokens = 255}));
  CHECK(version != chunker_version({.max_tokens = 399}));
  CHECK(version != chunker_version({.overlap_tokens = 39}));
  CHECK(version == chunker_version({}));
}

}  // namespace attune
