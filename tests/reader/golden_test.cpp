// Every format that can be read has a folder tests/golden/reader/<format>/ with samples, what must come out of them,
// and broken files with what must be said about them. See README.md there; this file only runs what the folders hold.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"
#include "attune/reader.hpp"
#include "attune/text.hpp"

namespace attune {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const fs::path kGolden = fs::path(ATTUNE_SOURCE_DIR) / "tests/golden/reader";
constexpr std::string_view kExpectedSuffix = ".expected.json";

std::string bytes_of(const fs::path& path) {
  Result<std::string> bytes = read_file(path, 64U << 20U);
  REQUIRE_MESSAGE(bytes, (bytes ? "" : bytes.error().text));
  return std::move(*bytes);
}

// What is compared: everything that a reader fills. Numbers that are 0 are left out.
Json to_json(const ExtractedText& text) {
  Json blocks = Json::array();
  for (const Block& block : text.blocks) {
    Json one = {{"kind", block_kind_name(block.kind)}};
    if (block.level != 0) one["level"] = block.level;
    if (block.page != 0) one["page"] = block.page;
    if (block.line != 0) one["line"] = block.line;
    one["text"] = block.span.of(text.text);
    blocks.push_back(std::move(one));
  }
  return {{"format", text.format},     {"title", text.title}, {"language", text.language},
          {"metadata", text.metadata}, {"notes", text.notes}, {"blocks", std::move(blocks)}};
}

// What holds for every reader's output, whatever the file.
void check_form(const ExtractedText& text) {
  CHECK(text::is_valid_utf8(text.text));
  CHECK(text.text.find('\0') == std::string::npos);
  CHECK(text.text.find('\r') == std::string::npos);
  CHECK(text.title.find('\n') == std::string::npos);
  CHECK_FALSE(text.title.empty());
  std::size_t at = 0;
  for (const Block& block : text.blocks) {
    CHECK(block.span.start >= at);
    CHECK(block.span.end > block.span.start);
    CHECK((block.kind == BlockKind::heading) == (block.level != 0));
    const std::string between = text.text.substr(at, block.span.start - at);
    CHECK(between.find_first_not_of(" \t\n") == std::string::npos);
    at = block.span.end;
  }
  CHECK(at == text.text.size());
}

// A sample's expectation: the file beside it. ATTUNE_UPDATE_GOLDEN=1 writes it, to be read by a person before it is
// committed.
void check_sample(const fs::path& sample) {
  INFO("sample ", sample.string());
  const Result<ExtractedText> read = read_document(sample.filename(), bytes_of(sample));
  REQUIRE_MESSAGE(read, (read ? "" : read.error().text));
  check_form(*read);
  const fs::path expected = fs::path(sample).replace_extension(kExpectedSuffix);
  const Json found = to_json(*read);
  if (std::getenv("ATTUNE_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << found.dump(2) << '\n';
  const Json wanted = Json::parse(bytes_of(expected));
  for (const auto& [key, value] : wanted.items()) {
    if (key != "blocks") CHECK_MESSAGE(found[key] == value, key, ": ", found[key].dump(), " instead of ", value.dump());
  }
  REQUIRE(found["blocks"].size() == wanted["blocks"].size());
  for (std::size_t i = 0; i < found["blocks"].size(); ++i) {
    CHECK_MESSAGE(found["blocks"][i] == wanted["blocks"][i], found["blocks"][i].dump(), "\n instead of\n",
                  wanted["blocks"][i].dump());
  }
}

// The bytes of a broken case: "content" itself, or a file (the sample if none is named) cut to "keep" bytes (a negative
// number: without that many at the end) and with "replace": [[old, new], …] applied.
std::string broken_bytes(const Json& one, const fs::path& folder) {
  std::string bytes = one.contains("content") ? one["content"].get<std::string>()
                                              : bytes_of(folder / one.value("file", std::string("")));
  if (one.contains("keep")) {
    const auto keep = one["keep"].get<std::int64_t>();
    const std::int64_t size = keep < 0 ? static_cast<std::int64_t>(bytes.size()) + keep : keep;
    REQUIRE(size > 0);
    REQUIRE(static_cast<std::size_t>(size) < bytes.size());
    bytes.resize(static_cast<std::size_t>(size));
  }
  if (!one.contains("replace")) return bytes;
  for (const Json& pair : one["replace"]) {
    const auto at = bytes.find(pair[0].get<std::string>());
    REQUIRE_MESSAGE(at != std::string::npos, "nothing to replace: ", pair[0].dump());
    bytes.replace(at, pair[0].get<std::string>().size(), pair[1].get<std::string>());
  }
  return bytes;
}

ReadOptions broken_options(const Json& one) {
  ReadOptions options;
  if (!one.contains("options")) return options;
  for (const auto& [key, value] : one["options"].items()) {
    if (key == "max_file_bytes") {
      options.max_file_bytes = value;
    } else if (key == "max_text_bytes") {
      options.max_text_bytes = value;
    } else if (key == "max_unpacked_bytes") {
      options.max_unpacked_bytes = value;
    } else if (key == "max_nesting") {
      options.max_nesting = value;
    } else if (key == "external_seconds") {
      options.external_seconds = value;
    } else {
      FAIL("unknown option ", key);
    }
  }
  return options;
}

void check_broken(const Json& one, const fs::path& folder) {
  const std::string flaw = one.at("flaw");
  INFO(folder.filename().string(), ": ", flaw, ": ", one.dump());
  if (one.contains("none")) {  // this format cannot be broken in that way; the text says why
    CHECK(one["none"].get<std::string>().size() > 10);
    return;
  }
  const std::string named = one.contains("named") ? one["named"].get<std::string>() : one.value("file", std::string());
  REQUIRE_FALSE(named.empty());
  const Result<ExtractedText> read = read_document(named, broken_bytes(one, folder), broken_options(one));
  if (one.contains("error")) {
    REQUIRE_MESSAGE(!read, "it was read without an error");
    CHECK(error_kind_name(read.error().kind) == one["error"].get<std::string>());
    CHECK_MESSAGE(read.error().text.find(one.at("says").get<std::string>()) != std::string::npos, read.error().text);
    return;
  }
  REQUIRE_MESSAGE(read, (read ? "" : read.error().text));
  check_form(*read);
  std::string notes;
  for (const std::string& note : read->notes) notes += note + '\n';
  if (one.contains("note")) CHECK_MESSAGE(notes.find(one["note"].get<std::string>()) != std::string::npos, notes);
  if (one.contains("text")) {
    CHECK_MESSAGE(read->text.find(one["text"].get<std::string>()) != std::string::npos, read->text);
  }
  CHECK_MESSAGE((one.contains("note") || one.contains("text")), "the case expects nothing");
}

}  // namespace

TEST_CASE("reader: every format has a sample whose title, metadata and blocks come out as its golden file says") {
  for (const std::string& format : readable_formats()) {
    int samples = 0;
    for (const auto& entry : fs::directory_iterator(kGolden / format)) {
      const fs::path& path = entry.path();
      if (!entry.is_regular_file() || path.filename().string().ends_with(kExpectedSuffix)) continue;
      const bool wanted = fs::exists(fs::path(path).replace_extension(kExpectedSuffix));
      if (!wanted && path.stem() != "sample") continue;  // a file for broken.json
      check_sample(path);
      ++samples;
    }
    CHECK_MESSAGE(samples > 0, "no sample for ", format);
  }
}

TEST_CASE("reader: every format meets truncated, oversized, wrong-type and wrong-version files with a clear reason") {
  for (const std::string& format : readable_formats()) {
    const fs::path folder = kGolden / format;
    const Json cases = Json::parse(bytes_of(folder / "broken.json"));
    std::set<std::string> flaws;
    for (const Json& one : cases) {
      flaws.insert(one.at("flaw").get<std::string>());
      check_broken(one, folder);
    }
    for (const char* flaw : {"truncated", "oversized", "wrong type", "wrong version"}) {
      CHECK_MESSAGE(flaws.contains(flaw), format, " has no case for: ", flaw);
    }
  }
}

}  // namespace attune
