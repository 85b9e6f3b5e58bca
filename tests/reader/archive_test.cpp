// Archives and XML parts under attack: what a hostile or broken zip may cost, and what is said about it. The archives
// are made here, so that each test shows what is wrong with its file.
#include "reader/archive.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <zip.h>

#include "reader/xml_text.hpp"

namespace attune::reader {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

std::string zip_of(const Members& members, bool deflate = true) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  REQUIRE(target != nullptr);
  zip_source_keep(target);
  zip_t* zip = zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, &error);
  REQUIRE(zip != nullptr);
  for (const auto& [name, content] : members) {
    zip_source_t* source = zip_source_buffer(zip, content.data(), content.size(), 0);
    const zip_int64_t index = zip_file_add(zip, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    REQUIRE(index >= 0);
    zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  REQUIRE(zip_close(zip) == 0);
  zip_stat_t stat;
  REQUIRE(zip_source_stat(target, &stat) == 0);
  std::string bytes(stat.size, '\0');
  REQUIRE(zip_source_open(target) == 0);
  REQUIRE(zip_source_read(target, bytes.data(), bytes.size()) == static_cast<zip_int64_t>(bytes.size()));
  zip_source_close(target);
  zip_source_free(target);
  return bytes;
}

// The error of reading `name` from `bytes`, or of opening them.
Error failure(const std::string& bytes, const std::string& name, const ReadOptions& options = {}) {
  Result<Archive> archive = Archive::open(bytes, options);
  if (!archive) return archive.error();
  const Result<std::string> read = archive->read(name);
  REQUIRE_FALSE(read);
  return read.error();
}

bool says(const Error& error, std::string_view phrase) {
  return error.text.find(phrase) != std::string::npos;
}

std::string nested(int depth) {
  std::string xml;
  for (int i = 0; i < depth; ++i) xml += "<a>";
  for (int i = 0; i < depth; ++i) xml += "</a>";
  return xml;
}

}  // namespace

TEST_CASE("archive: members come back whole, by name, whatever its case where nothing fits exactly") {
  const std::string bytes = zip_of({{"Word/Document.xml", "first"}, {"word/document.xml", "second"}, {"空.txt", ""}});
  Result<Archive> archive = Archive::open(bytes, {});
  REQUIRE(archive);
  CHECK(*archive->read("word/document.xml") == "second");
  CHECK(*archive->read("WORD/document.xml") == "first");
  CHECK(archive->read("空.txt")->empty());
  CHECK_FALSE(archive->has("word"));
  CHECK(archive->read("word").error().kind == ErrorKind::not_found);
}

TEST_CASE("archive: a bomb stops at the limit, which all members share") {
  const std::string zeros(3U << 20U, '\0');
  const std::string bytes = zip_of({{"a", zeros}, {"b", zeros}});
  CHECK(bytes.size() < 20'000);
  ReadOptions options;
  options.max_unpacked_bytes = 4U << 20U;
  Result<Archive> archive = Archive::open(bytes, options);
  REQUIRE(archive);
  CHECK(archive->read("a")->size() == zeros.size());
  const Result<std::string> second = archive->read("b");
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::too_large);
  CHECK(says(second.error(), "larger than the limit of 4 MiB"));

  options.max_unpacked_bytes = zeros.size();
  CHECK(Archive::open(bytes, options)->read("a")->size() == zeros.size());
  options.max_unpacked_bytes = zeros.size() - 1;
  CHECK(failure(bytes, "a", options).kind == ErrorKind::too_large);
  options.max_unpacked_bytes = UINT64_MAX;
  CHECK(Archive::open(bytes, options)->read("b")->size() == zeros.size());
}

TEST_CASE("archive: a flipped byte is found by the checksum, and a cut or foreign file by its end") {
  std::string bytes = zip_of({{"a", "twelve bytes"}}, false);
  const auto at = bytes.find("twelve");
  REQUIRE(at != std::string::npos);
  bytes[at] = 'T';
  CHECK(failure(bytes, "a").kind == ErrorKind::bad_input);
  CHECK(says(failure(bytes, "a"), "damaged"));
  bytes[at] = 't';
  for (std::size_t keep = 4; keep < bytes.size(); ++keep) {
    CHECK_FALSE(Archive::open(std::string_view(bytes).substr(0, keep), {}));
  }
  CHECK(says(failure(bytes.substr(0, bytes.size() - 5), "a"), "cut off"));
  CHECK(says(failure("no zip at all", "a"), "not the zip archive"));
  CHECK(failure("", "a").kind == ErrorKind::bad_input);
}

TEST_CASE("archive: a member that claims to be larger than it is does not make us believe it") {
  std::string bytes = zip_of({{"a", "short"}}, false);
  // Sizes stand before the name in the central directory: compressed at 20, unpacked at 24.
  const auto entry = bytes.find("PK\x01\x02");
  REQUIRE(entry != std::string::npos);
  const std::uint32_t huge = 0x7FFFFFFF;
  std::memcpy(bytes.data() + entry + 24, &huge, sizeof huge);
  Result<Archive> archive = Archive::open(bytes, {});
  if (archive) CHECK_FALSE(archive->read("a"));
}

TEST_CASE("archive: hrefs are resolved against their part and never leave the archive") {
  CHECK(resolve_member("ppt/slides/slide1.xml", "../media/a.png") == "ppt/media/a.png");
  CHECK(resolve_member("ppt/slides/slide1.xml", "/ppt/b.xml") == "ppt/b.xml");
  CHECK(resolve_member("EPUB/book.opf", "text/the%20hill.xhtml#top") == "EPUB/text/the hill.xhtml");
  CHECK(resolve_member("book.opf", "./a/./b.xhtml") == "a/b.xhtml");
  CHECK(resolve_member("a/b", "../../../../etc/passwd") == "etc/passwd");
  CHECK(resolve_member("", "100%") == "100%");
  CHECK(resolve_member("", "a%00b") == "a%00b");
}

TEST_CASE("archive: old and locked Office files are told apart") {
  const std::string old = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 something";
  CHECK(says(check_not_old_office(old, ".docx").error(), "97–2003; save it as .docx"));
  std::string locked = old;
  for (const char c : std::string_view("EncryptedPackage")) locked += {c, '\0'};
  CHECK(says(check_not_old_office(locked, ".docx").error(), "password"));
  CHECK(check_not_old_office("PK\x03\x04", ".docx"));
}

TEST_CASE("xml: nesting is bounded, however deep it goes") {
  ReadOptions options;
  options.max_nesting = 50;
  CHECK(parse_xml(nested(50), options));
  CHECK(parse_xml(nested(51), options).error().kind == ErrorKind::too_large);
  CHECK(parse_xml(nested(1'000'000), options).error().kind == ErrorKind::too_large);
}

TEST_CASE("xml: entities of the document's own are never expanded") {
  const std::string bomb =
      "<!DOCTYPE a [<!ENTITY x \"lol\"><!ENTITY y \"&x;&x;\"><!ENTITY f SYSTEM "
      "\"file:///etc/passwd\">]><a>&y;&f;&amp;</a>";
  const Result<XmlPart> part = parse_xml(bomb, {});
  REQUIRE(part);
  CHECK(text_below(child(**part, "a")) == "&y;&f;&");
}

TEST_CASE("xml: text is valid UTF-8 whatever the part holds") {
  CHECK(text_below(**parse_xml("<a>\xFF\xFE bytes</a>", {})).find("bytes") != std::string::npos);
  CHECK(text_below(**parse_xml("<a>x&#xD800;y</a>", {})).starts_with("x\xEF\xBF\xBD"));
  CHECK(text_below(**parse_xml("<?xml version=\"1.0\" encoding=\"gb18030\"?><a>\xB2\xE8</a>", {})) == "茶");
  const std::string_view utf16("\xFF\xFE<\0a\0>\0\x36\x83<\0/\0a\0>\0", 18);
  CHECK(text_below(**parse_xml(utf16, {})) == "茶");
  CHECK(parse_xml("<a><b></a>", {}).error().kind == ErrorKind::bad_input);
}

}  // namespace attune::reader
