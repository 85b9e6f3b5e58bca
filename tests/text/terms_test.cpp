#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "attune/text.hpp"

#include "text/term_texts.hpp"

namespace attune::text {

TEST_CASE("terms: each way of writing gives the terms that someone would type") {
  struct Case {
    std::string_view written;
    Texts terms;
  };
  const std::vector<Case> cases{
      {"Running runs", {"run", "run"}},
      {"ＡＢＣ１２３", {"abc123"}},
      {"3.14, and 1,234,567.89", {"3.14", "and", "1234567.89"}},
      {"1,2,3", {"1", "2", "3"}},
      {"1.0.21", {"1.0.21"}},
      {"v2.3", {"v2.3", "2.3"}},
      {"192.168.1.1", {"192.168.1.1"}},
      {"2.3b1", {"2.3b1"}},
      {"python3.11", {"python3.11", "python3", "11"}},
      {"libfoo.so.1.2", {"libfoo.so.1.2", "libfoo", "so", "1.2"}},
      {"static_ip", {"static_ip", "static", "ip"}},
      {"__init__", {"init"}},
      {"config.yaml", {"config.yaml", "config", "yaml"}},
      {"/etc/network/interfaces", {"etc", "network", "interfac"}},
      {"gen-itgc", {"gen", "itgc"}},
      {"U.S.A.", {"usa"}},
      {"C++ c# C++20 a+b", {"c++", "c#", "c++20", "c++", "20", "a", "b"}},
      {"dog's don’t", {"dog", "don't"}},
      {"soft\u00ADhyphen", {"softhyphen"}},
      {"cafe\u0301 café", {"café", "café"}},
      {"Ⅳ ٣٤", {"iv", "34"}},
      {"... _ ' 🎉 ½ ²", {}},
      {"ﬁne", {"fine"}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.written);
    CHECK(texts(index_terms(one.written, "en")) == one.terms);
  }
}

TEST_CASE("terms: the language chooses the stemmer of its own script, English stands in for the others") {
  CHECK(texts(index_terms("Häuser", "de")) == Texts{"haus"});
  CHECK(texts(index_terms("l'acqua", "it")) == Texts{"acqua"});
  CHECK(texts(index_terms("книги books", "ru")) == Texts{"книг", "book"});
  CHECK(texts(index_terms("books", "zh")) == Texts{"book"});
  CHECK(texts(index_terms("books", "")) == Texts{"book"});
  CHECK(texts(index_terms("books", "pl")) == Texts{"books"});
}

TEST_CASE("terms: a question's word is asked in the stems of every language of the collection, each once") {
  CHECK(texts(query_terms("Linienbus", {"de", "en"})) == Texts{"linienbus"});
  CHECK(texts(query_terms("running", {"en", "zh", "de"})) == Texts{"run", "running"});
}

TEST_CASE("terms: a question loses its function words unless nothing else is in it") {
  CHECK(texts(query_terms("How do I configure a static IP address?")) == Texts{"configur", "static", "ip", "address"});
  CHECK(texts(query_terms("The Who")) == Texts{"the", "who"});
  CHECK(texts(query_terms("如何配置静态 IP 地址")) == Texts{"何配", "配置", "置静", "静态", "ip", "地址"});
  CHECK(texts(query_terms("什么")) == Texts{"什么"});
  CHECK(query_terms("").empty());
  CHECK(query_terms(" ?! ").empty());
  CHECK(texts(query_terms("Wie ist das Wetter", {"de"})) == Texts{"wett"});
}

TEST_CASE("terms: ASCII that is glued to Chinese is split from it") {
  CHECK(texts(index_terms("重跑gen-itgc后")) == Texts{"重", "重跑", "跑", "gen", "itgc", "后"});
}

TEST_CASE("terms: ideographs give dictionary words and bigrams, a bigram that is a word only once") {
  const auto terms = index_terms("注意力机制");
  CHECK(texts(terms) == Texts{"注意力", "注意", "意力", "力机", "机制"});
  CHECK(terms[0].kind == TermKind::word);
  CHECK(terms[1].kind == TermKind::bigram);
  CHECK(terms[4].kind == TermKind::word);
  CHECK(texts(index_terms("검색 엔진")) == Texts{"검색", "엔진"});
  CHECK(texts(index_terms("ﾃﾞｰﾀ")) == texts(index_terms("データ")));
  CHECK(texts(index_terms("ภาษาไทย")) == Texts{"ภาษา", "ไทย"});
}

TEST_CASE("terms: spans name the bytes of the original, whatever folding did to the length") {
  const std::string text = "Ｓtatic ﬁne 軟體 ﾃﾞｰﾀ dog's";
  for (const Term& term : index_terms(text)) {
    CAPTURE(term.text);
    const std::string_view written = term.span.of(text);
    if (term.text == "static") CHECK(written == "Ｓtatic");
    if (term.text == "fine") CHECK(written == "ﬁne");
    if (term.text == "软件") CHECK(written == "軟體");
    if (term.text == "データ") CHECK(written == "ﾃﾞｰﾀ");
    if (term.text == "dog") CHECK(written == "dog's");
  }
  CHECK(index_terms(text).size() >= 7);
}

TEST_CASE("terms: a blob is a short term and its bytes stay named") {
  const std::string blob(100'000, 'x');
  const auto terms = index_terms(blob, "en");
  REQUIRE(terms.size() == 1);
  CHECK(terms[0].text.size() <= 128);
  CHECK(terms[0].span == ByteSpan{0, blob.size()});
}

TEST_CASE("terms: threads do not disturb each other") {
  const std::string text = "How attention works 注意力機制如何運作 データ ภาษาไทย";
  const Texts expected = texts(index_terms(text));
  std::vector<std::thread> threads;
  std::vector<int> same(4);
  for (std::size_t i = 0; i < same.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) same[i] += texts(index_terms(text)) == expected ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(std::all_of(same.begin(), same.end(), [](int count) { return count == 20; }));
}

TEST_CASE("terms: the version names everything that terms depend on") {
  const std::string version = segmenter_version();
  for (const char* part : {"rules ", "icu ", "unicode ", "snowball ", "opencc "}) {
    CHECK(version.find(part) != std::string::npos);
  }
  CHECK(version.find("absent") == std::string::npos);
}

}  // namespace attune::text
