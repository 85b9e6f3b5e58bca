// Texts that would be slow if anything walked them more than once for each piece, with every kind of tokenizer file.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "attune/tokenizer.hpp"

namespace attune {
namespace {

constexpr std::size_t kBytes = 1'000'000;
constexpr std::size_t kBytesForEachKind = 250'000;
constexpr double kSeconds = 20;  // a quadratic step would take hours; a sanitizer's build takes seconds

std::string repeated(std::string_view part, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += part;
  return text;
}

std::vector<std::unique_ptr<Tokenizer>> all_kinds() {
  std::vector<std::unique_ptr<Tokenizer>> tokenizers;
  const std::filesystem::path golden = std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests/tokenizer/golden";
  for (const auto& entry : std::filesystem::directory_iterator(golden)) {
    if (entry.path().extension() != ".json") continue;
    auto tokenizer = load_tokenizer(entry.path());
    REQUIRE(tokenizer);
    tokenizers.push_back(std::move(tokenizer).value());
  }
  return tokenizers;
}

}  // namespace

TEST_CASE("a long text without a space, of spaces, of marks or of no characters at all is cut in linear time") {
  const std::vector<std::unique_ptr<Tokenizer>> tokenizers = all_kinds();
  CHECK(tokenizers.size() == 7);
  for (const char* const part :
       {"ab", "eeeee", " ", "e\xCC\x81\xCC\xA7\xCC\x81", "\xCC\x81", "\xFF\xC3", "\xE6\xA4\x9C", "x\n"}) {
    const std::string text = repeated(part, kBytesForEachKind);
    for (const auto& tokenizer : tokenizers) {
      const auto start = std::chrono::steady_clock::now();
      const Encoding encoding = tokenizer->encode(text);
      CHECK(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < kSeconds);
      const auto is_inside = [&](const ByteSpan& span) { return span.start <= span.end && span.end <= text.size(); };
      CHECK(std::all_of(encoding.offsets.begin(), encoding.offsets.end(), is_inside));
    }
  }
}

TEST_CASE("a word that is too long for WordPiece is one unknown, as long as it is") {
  const auto tokenizer =
      load_tokenizer(std::filesystem::path(ATTUNE_SOURCE_DIR) / "tests/tokenizer/golden/wordpiece.json");
  REQUIRE(tokenizer);
  const Encoding encoding = (*tokenizer)->encode(repeated("the", kBytes));
  REQUIRE(encoding.ids.size() == 1);
  CHECK((*tokenizer)->piece(encoding.ids[0]) == "[UNK]");
  CHECK(encoding.offsets[0].size() >= kBytes);
}

}  // namespace attune
