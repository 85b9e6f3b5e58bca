// Any bytes as a tokenizer.json: either an error that says something, or a tokenizer that takes every text.
//
//   tokenizer_json_fuzz -max_total_time=60 -rss_limit_mb=1024 CORPUS tests/tokenizer/golden
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "attune/tokenizer.hpp"

namespace {

constexpr std::string_view kTexts[] = {
    "", "The animal didn't cross the street.",
    "  a\tb\n[SEP]<mask> \xE6\xA3\x80\xE7\xB4\xA2 e\xCC\x81\xCC\xA7 12.5 \xF0\x9F\x91\x8D", "\xFF\xC3(\xED\xA0\x80",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tokenizer = attune::parse_tokenizer_json({reinterpret_cast<const char*>(data), size});
  if (!tokenizer) {
    require(!tokenizer.error().text.empty());
    return 0;
  }
  for (const std::string_view text : kTexts) {
    const attune::Encoding encoding = (*tokenizer)->encode(text);
    require(encoding.ids.size() == encoding.offsets.size());
    for (std::size_t index = 0; index < encoding.ids.size(); ++index) {
      require(encoding.ids[index] >= 0 && encoding.ids[index] < (*tokenizer)->vocabulary_size());
      require(encoding.offsets[index].start <= encoding.offsets[index].end &&
              encoding.offsets[index].end <= text.size());
      static_cast<void>((*tokenizer)->piece(encoding.ids[index]));
    }
    static_cast<void>(build_pair((*tokenizer)->sequence_template(), encoding, encoding, {}));
  }
  return 0;
}
