#include "retrieve/snippet.hpp"

#include <random>

#include <doctest/doctest.h>

namespace attune {

namespace {

std::set<std::string> terms_of(std::string_view query) {
  std::set<std::string> wanted;
  for (const auto& term : text::query_terms(query, {"en", "zh"})) wanted.insert(term.text);
  return wanted;
}

std::vector<std::string> highlighted(std::string_view text, const Snippet& snippet) {
  std::vector<std::string> words;
  for (const ByteSpan& span : snippet.highlights) words.emplace_back(span.of(text));
  return words;
}

}  // namespace

TEST_CASE("snippet: a short passage is shown whole, with stemmed English words highlighted") {
  const std::string text = "Configuring networks is easy. A configured network has addresses.";
  const Snippet snippet = make_snippet(text, "en", terms_of("configure the network"), 300);
  CHECK(snippet.span == ByteSpan{0, text.size()});
  CHECK(highlighted(text, snippet) == std::vector<std::string>{"Configuring", "networks", "configured", "network"});
}

TEST_CASE("snippet: Chinese words are highlighted, also when the question is written in the other script") {
  const std::string text = "自由软件是一种软件。";
  CHECK(highlighted(text, make_snippet(text, "zh", terms_of("軟體"), 300)) == std::vector<std::string>{"软件", "软件"});
  const std::string traditional = "這是自由軟體的說明";
  CHECK(highlighted(traditional, make_snippet(traditional, "zh", terms_of("软件"), 300)) ==
        std::vector<std::string>{"軟體"});
}

TEST_CASE("snippet: the stretch with the most different words of the question is shown, from a sentence's beginning") {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "Nothing of interest is said here at all. ";
  text += "The gateway is mentioned. ";
  for (int i = 0; i < 20; ++i) text += "Nothing of interest is said here at all. ";
  const std::string wanted = "A static address needs a gateway and a netmask.";
  text += wanted + " ";
  for (int i = 0; i < 20; ++i) text += "Nothing of interest is said here at all. ";
  const Snippet snippet = make_snippet(text, "en", terms_of("static address gateway"), 120);
  const std::string shown(snippet.span.of(text));
  CHECK(shown.find(wanted) != std::string::npos);
  CHECK(snippet.span.size() <= 120);
  CHECK((shown.starts_with("A static") || shown.starts_with("Nothing")));
  CHECK(shown.back() == '.');
}

TEST_CASE("snippet: a match deep in one endless sentence is reached, and no word is cut") {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "lorem ipsum ";
  text += "attention ";
  for (int i = 0; i < 200; ++i) text += "dolor sit ";
  const Snippet snippet = make_snippet(text, "en", terms_of("attention"), 100);
  const std::string shown(snippet.span.of(text));
  CHECK(shown.find("attention") != std::string::npos);
  CHECK(shown.size() <= 100);
  for (const std::size_t edge : {snippet.span.start, snippet.span.end}) {
    CHECK((edge == 0 || edge == text.size() || text[edge - 1] == ' ' || text[edge] == ' '));
  }
}

TEST_CASE("snippet: without a match the beginning is shown") {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "第一句话说的是别的事情。";
  const Snippet snippet = make_snippet(text, "zh", terms_of("attention"), 100);
  CHECK(snippet.span.start == 0);
  CHECK(snippet.span.size() <= 100);
  CHECK_FALSE(snippet.span.empty());
  CHECK(snippet.highlights.empty());
  CHECK(make_snippet("", "", terms_of("attention"), 100).span.empty());
  CHECK(make_snippet("   \n ", "", {}, 2).span.empty());
}

TEST_CASE("snippet: any bytes give a stretch within bounds and highlights in order") {
  std::mt19937 random(7);
  const std::vector<std::string> pieces = {"static ", "地址", "👨‍👩‍👧", "e\u0301", "\xff", "\xe4\xb8", ". ",
                                           "。",      "\n",   "Netzwerk",           "網路",    "\0x"};
  const auto wanted = terms_of("static 地址 网络 netzwerk");
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const int count = std::uniform_int_distribution<int>(0, 60)(random);
    for (int i = 0; i < count; ++i) text += pieces[random() % pieces.size()];
    const std::size_t most = random() % 90;
    const Snippet snippet = make_snippet(text, "", wanted, most);
    CHECK(snippet.span.start <= snippet.span.end);
    CHECK(snippet.span.end <= text.size());
    CHECK(snippet.span.size() <= most);
    std::size_t at = 0;
    for (const ByteSpan& highlight : snippet.highlights) {
      CHECK(highlight.start >= at);
      CHECK(highlight.end > highlight.start);
      at = highlight.end;
    }
    CHECK(at <= text.size());
  }
}

}  // namespace attune
