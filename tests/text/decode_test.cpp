#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "attune/text.hpp"

namespace attune::text {

using namespace std::string_view_literals;

TEST_CASE("decode: a note without any mark is read in the encoding that it was written in") {
  struct Case {
    std::string_view encoding;
    std::string_view text;
    std::string_view bytes;
  };
  const std::vector<Case> cases{
      {"GB18030", "如何配置静态IP地址？",
       "\xC8\xE7\xBA\xCE\xC5\xE4\xD6\xC3\xBE\xB2\xCC\xACIP\xB5\xD8\xD6\xB7\xA3\xBF"sv},
      {"GB18030", "# Install\n\nRun apt install nginx to begin. 然后编辑配置文件。\nThen restart the service.\n",
       "# Install\x0A\x0ARun apt install nginx to begin. \xC8\xBB\xBA\xF3\xB1\xE0\xBC\xAD\xC5\xE4\xD6\xC3\xCE\xC4\xBC\xFE\xA1\xA3\x0AThen restart the service.\x0A"sv},
      {"GB18030", "软件", "\xC8\xED\xBC\xFE"sv},
      {"Big5", "如何設定靜態網路位址？",
       "\xA6p\xA6\xF3\xB3]\xA9w\xC0R\xBA"
       "A\xBA\xF4\xB8\xF4\xA6\xEC\xA7}\xA1H"sv},
      {"Big5", "# Install\n\nRun apt install nginx to begin. 然後編輯設定檔。\nThen restart the service.\n",
       "# Install\x0A\x0ARun apt install nginx to begin. \xB5M\xAB\xE1\xBDs\xBF\xE8\xB3]\xA9w\xC0\xC9\xA1"
       "C\x0AThen restart the service.\x0A"sv},
      {"Shift_JIS", "静的IPアドレスの設定方法",
       "\x90\xC3\x93IIP\x83"
       "A\x83h\x83\x8C\x83X\x82\xCC\x90\xDD\x92\xE8\x95\xFB\x96@"sv},
      {"EUC-JP", "静的IPアドレスの設定方法",
       "\xC0\xC5\xC5\xAAIP\xA5\xA2\xA5\xC9\xA5\xEC\xA5\xB9\xA4\xCE\xC0\xDF\xC4\xEA\xCA\xFD\xCB\xA1"sv},
      {"ISO-2022-JP", "静的IPアドレスの設定方法", "\x1B$B@EE*\x1B(BIP\x1B$B%\x22%I%l%9$N@_DjJ}K!\x1B(B"sv},
      {"EUC-KR", "고정 IP 주소를 설정하는 방법",
       "\xB0\xED\xC1\xA4 IP \xC1\xD6\xBC\xD2\xB8\xA6 \xBC\xB3\xC1\xA4\xC7\xCF\xB4\xC2 \xB9\xE6\xB9\xFD"sv},
      {"windows-1252", "Größe und Übermut: Die Straße führt über den Fluß.",
       "Gr\xF6\xDF"
       "e und \xDC"
       "bermut: Die Stra\xDF"
       "e f\xFChrt \xFC"
       "ber den Flu\xDF."sv},
      {"windows-1252", "It’s a “smart” quote – and a dash.", "It\x92s a \x93smart\x94 quote \x96 and a dash."sv},
      {"windows-1252", "café", "caf\xE9"sv},
      {"windows-1251", "Механизм внимания позволяет модели сосредоточиться на важных частях.",
       "\xCC\xE5\xF5\xE0\xED\xE8\xE7\xEC \xE2\xED\xE8\xEC\xE0\xED\xE8\xFF \xEF\xEE\xE7\xE2\xEE\xEB\xFF\xE5\xF2 \xEC\xEE\xE4\xE5\xEB\xE8 \xF1\xEE\xF1\xF0\xE5\xE4\xEE\xF2\xEE\xF7\xE8\xF2\xFC\xF1\xFF \xED\xE0 \xE2\xE0\xE6\xED\xFB\xF5 \xF7\xE0\xF1\xF2\xFF\xF5."sv},
      {"KOI8-R", "Механизм внимания позволяет модели сосредоточиться на важных частях.",
       "\xED\xC5\xC8\xC1\xCE\xC9\xDA\xCD \xD7\xCE\xC9\xCD\xC1\xCE\xC9\xD1 \xD0\xCF\xDA\xD7\xCF\xCC\xD1\xC5\xD4 \xCD\xCF\xC4\xC5\xCC\xC9 \xD3\xCF\xD3\xD2\xC5\xC4\xCF\xD4\xCF\xDE\xC9\xD4\xD8\xD3\xD1 \xCE\xC1 \xD7\xC1\xD6\xCE\xD9\xC8 \xDE\xC1\xD3\xD4\xD1\xC8."sv},
      {"UTF-16LE", "注意力机制让模型专注。\n一种方法。",
       "\xE8l\x0F"
       "a\x9BR:g6R\xA9\x8B!j\x8BW\x13N\xE8l\x02"
       "0\x0A\x00\x00N\xCDy\xB9"
       "e\xD5l\x02"
       "0"sv},
      {"UTF-16BE", "注意力机制让模型专注。\n一种方法。",
       "l\xE8"
       "a\x0FR\x9Bg:R6\x8B\xA9j!W\x8BN\x13l\xE8"
       "0\x02\x00\x0AN\x00y\xCD"
       "e\xB9l\xD5"
       "0\x02"sv},
      {"UTF-16LE", "hello world\n",
       "h\x00"
       "e\x00l\x00l\x00o\x00 \x00w\x00o\x00r\x00l\x00"
       "d\x00\x0A\x00"sv},
      {"UTF-16BE", "hello world\n",
       "\x00h\x00"
       "e\x00l\x00l\x00o\x00 \x00w\x00o\x00r\x00l\x00"
       "d\x00\x0A"sv},
      {"UTF-32LE", "hello 世界",
       "h\x00\x00\x00"
       "e\x00\x00\x00l\x00\x00\x00l\x00\x00\x00o\x00\x00\x00 \x00\x00\x00\x16N\x00\x00Lu\x00\x00"sv},
      {"UTF-32BE", "hello 世界",
       "\x00\x00\x00h\x00\x00\x00"
       "e\x00\x00\x00l\x00\x00\x00l\x00\x00\x00o\x00\x00\x00 \x00\x00N\x16\x00\x00uL"sv},
  };
  for (const Case& one : cases) {
    CAPTURE(one.text);
    const auto decoded = decode(one.bytes);
    REQUIRE(decoded);
    CHECK(decoded->encoding == one.encoding);
    CHECK(decoded->utf8 == one.text);
    CHECK(decoded->replaced == 0);
  }
}

TEST_CASE("decode: a byte-order mark decides and is taken off") {
  CHECK(decode("\xEF\xBB\xBFhi"sv)->utf8 == "hi");
  CHECK(decode("\xFF\xFEh\0i\0"sv)->utf8 == "hi");
  CHECK(decode("\xFE\xFF\0h\0i"sv)->utf8 == "hi");
  CHECK(decode("\xFF\xFE\0\0h\0\0\0"sv)->utf8 == "h");
  CHECK(decode("\0\0\xFE\xFF\0\0\0h"sv)->utf8 == "h");
  CHECK(decode("\x84\x31\x95\x33\xC8\xED"sv)->utf8 == "软");
}

TEST_CASE("decode: what is declared is believed where it decodes, UTF-8 before it") {
  CHECK(decode("caf\xE9 \xB1\xE6", "ISO-8859-2")->encoding == "iso-8859-2");
  CHECK(decode("caf\xC3\xA9", "gbk")->encoding == "UTF-8");
  CHECK(decode("\xC8\xED\xBC\xFE", "gb2312")->utf8 == "软件");
  CHECK(decode("caf\xE9", "no such encoding")->utf8 == "café");
}

TEST_CASE("decode: line ends become one, NULs go, and a damaged place is one mark") {
  CHECK(decode("a\r\nb\rc\n")->utf8 == "a\nb\nc\n");
  CHECK(decode(std::string(2000, 'a') + '\0' + "b")->utf8 == std::string(2000, 'a') + "b");
  const auto damaged = decode("注意力机制\xFF让模型");
  CHECK(damaged->encoding == "UTF-8");
  CHECK(damaged->replaced == 1);
  CHECK(damaged->utf8 == "注意力机制\xEF\xBF\xBD让模型");
  CHECK(decode("")->utf8.empty());
}

TEST_CASE("decode: what is no text is refused") {
  std::string binary =
      "\x7F"
      "ELF";
  for (int i = 0; i < 500; ++i) binary += static_cast<char>(i * 37 % 32);
  CHECK(decode(binary).error().kind == ErrorKind::bad_input);
  CHECK(decode("\x01\x02\x03\x04\x05\x06").error().kind == ErrorKind::bad_input);
}

}  // namespace attune::text
