#include "text/encoding_detection.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>

#include <unicode/uchar.h>
#include <unicode/ucsdet.h>

namespace attune::text {
namespace {

constexpr std::size_t kSampleBytes = 64 << 10;

struct DetectorCloser {
  void operator()(UCharsetDetector* detector) const { ucsdet_close(detector); }
};

// Lines with something to tell: ASCII alone looks the same in all encodings.
std::string telling_sample(std::string_view bytes) {
  if (bytes.size() <= kSampleBytes) return std::string(bytes);
  std::string sample;
  for (std::size_t start = 0; start < bytes.size() && sample.size() < kSampleBytes;) {
    const std::size_t end = std::min(bytes.find('\n', start), bytes.size() - 1) + 1;
    const std::string_view line = bytes.substr(start, std::min(end - start, kSampleBytes));
    if (std::any_of(line.begin(), line.end(), [](char byte) { return (byte & 0x80) != 0; })) sample += line;
    start = end;
  }
  return sample;
}

// The share of units of `width` bytes that a text would have, 0 … 1.
double plausibility(std::string_view bytes, std::size_t width, bool little_endian) {
  const std::size_t units = std::min(bytes.size(), kSampleBytes) / width;
  if (units == 0) return 0;
  std::size_t good = 0;
  bool expect_trail = false;
  for (std::size_t i = 0; i < units; ++i) {
    std::uint32_t unit = 0;
    for (std::size_t k = 0; k < width; ++k) {
      const std::size_t place = little_endian ? width - 1 - k : k;
      unit = unit << 8U | static_cast<unsigned char>(bytes[i * width + place]);
    }
    const bool trail = width == 2 && unit >= 0xDC00 && unit <= 0xDFFF;
    const bool lead = width == 2 && unit >= 0xD800 && unit <= 0xDBFF;
    const bool written = unit <= 0x10FFFF && unit != 0 && unit != 0xFFFD &&
                         u_isdefined(static_cast<UChar32>(unit)) != 0 &&
                         (u_isprint(static_cast<UChar32>(unit)) != 0 || unit == '\n' || unit == '\r' || unit == '\t') &&
                         !(unit >= 0xE000 && unit <= 0xF8FF);
    good += (trail && expect_trail) || (lead && !expect_trail) || (written && !trail && !lead) ? 1U : 0U;
    expect_trail = lead;
  }
  // ASCII read with its bytes swapped is plausible Chinese; only the right order has spaces, line ends and letters.
  return static_cast<double>(good) / static_cast<double>(units);
}

// How many units of two bytes are ASCII.
std::size_t ascii_units(std::string_view bytes, bool little_endian) {
  std::size_t found = 0;
  for (std::size_t i = 0; i + 1 < std::min(bytes.size(), kSampleBytes); i += 2) {
    const char high = bytes[little_endian ? i + 1 : i];
    const char low = bytes[little_endian ? i : i + 1];
    found += high == 0 && ((low >= ' ' && low < 0x7F) || low == '\n' || low == '\r' || low == '\t') ? 1U : 0U;
  }
  return found;
}

}  // namespace

std::string detect_wide_encoding(std::string_view bytes) {
  constexpr double kEnough = 0.97;
  if (bytes.size() >= 4 && plausibility(bytes, 4, true) >= kEnough) return "UTF-32LE";
  if (bytes.size() >= 4 && plausibility(bytes, 4, false) >= kEnough) return "UTF-32BE";
  const bool little = ascii_units(bytes, true) >= ascii_units(bytes, false);
  if (plausibility(bytes, 2, little) >= kEnough) return little ? "UTF-16LE" : "UTF-16BE";
  return "";
}

std::vector<std::string> likely_encodings(std::string_view bytes) {
  std::vector<std::string> names;
  const std::string sample = telling_sample(bytes);
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UCharsetDetector, DetectorCloser> detector(ucsdet_open(&status));
  ucsdet_setText(detector.get(), sample.data(), static_cast<std::int32_t>(sample.size()), &status);
  std::int32_t count = 0;
  const UCharsetMatch** const matches = ucsdet_detectAll(detector.get(), &count, &status);
  for (std::int32_t i = 0; U_SUCCESS(status) && i < count; ++i) {
    const std::string name = ucsdet_getName(matches[i], &status);
    if (name.starts_with("UTF-") || name.starts_with("IBM4"))
      continue;  // decided before; mainframes write no files here
    names.push_back(name == "ISO-8859-1" ? "windows-1252" : name);
  }
  names.emplace_back("windows-1252");
  return names;
}

}  // namespace attune::text
