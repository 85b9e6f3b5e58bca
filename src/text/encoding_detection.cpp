#include "text/encoding_detection.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
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

// ASCII, East Asian text and the punctuation that all scripts share.
bool is_everywhere(std::uint32_t unit) {
  return unit < 0x80 || unit >= 0x10000 || (unit >= 0x2000 && unit <= 0x206F) || (unit >= 0x3000 && unit <= 0x30FF) ||
         (unit >= 0x4E00 && unit <= 0x9FFF) || (unit >= 0xAC00 && unit <= 0xD7A3) || (unit >= 0xFF00 && unit <= 0xFFEF);
}

// The share of units of `width` bytes that a text would have, 0 … 1.
double plausibility(std::string_view bytes, std::size_t width, bool little_endian) {
  const std::size_t units = std::min(bytes.size(), kSampleBytes) / width;
  if (units == 0) return 0;
  std::size_t good = 0;
  bool expect_trail = false;
  // A text outside East Asia is written in one block of Unicode, or two; bytes of a program are spread over all.
  std::array<std::size_t, 256> in_block{};
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
    if ((trail && expect_trail) || (lead && !expect_trail)) {
      ++good;
    } else if (written && !trail && !lead) {
      if (is_everywhere(unit)) {
        ++good;
      } else {
        ++in_block[unit >> 8U & 0xFFU];
      }
    }
    expect_trail = lead;
  }
  std::partial_sort(in_block.begin(), in_block.begin() + 2, in_block.end(), std::greater<>());
  return static_cast<double>(good + in_block[0] + in_block[1]) / static_cast<double>(units);
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

// How one East Asian encoding takes a lead byte with the byte after it.
enum class Fit {
  ascii,     // one byte, says nothing
  kana,      // characters that Japanese text always has
  common,    // the encoding's everyday characters and punctuation
  uncommon,  // its second level
  rare,      // extensions and other scripts
  broken     // not written in it; one byte is passed over
};

struct Pair {
  unsigned lead;
  unsigned trail;  // 0 behind the last byte

  [[nodiscard]] bool lead_in(unsigned low, unsigned high) const { return lead >= low && lead <= high; }
  [[nodiscard]] bool trail_in(unsigned low, unsigned high) const { return trail >= low && trail <= high; }
};

Fit fit_gb18030(Pair pair) {
  if (!pair.lead_in(0x81, 0xFE) || pair.trail < 0x30 || pair.trail == 0x7F) return Fit::broken;
  if (pair.trail_in(0x30, 0x39)) return Fit::rare;  // half of four bytes
  if (pair.trail < 0x40) return Fit::broken;
  if (pair.trail >= 0xA1 && (pair.lead_in(0xB0, 0xD7) || pair.lead_in(0xA1, 0xA3))) return Fit::common;
  if (pair.lead_in(0xA4, 0xA9)) return Fit::rare;  // kana, Greek, Cyrillic
  return Fit::uncommon;
}

Fit fit_big5(Pair pair) {
  if (!pair.trail_in(0x40, 0x7E) && !pair.trail_in(0xA1, 0xFE)) return Fit::broken;
  if (pair.lead_in(0xA1, 0xC6)) return Fit::common;
  return pair.lead_in(0xC9, 0xF9) ? Fit::uncommon : Fit::broken;
}

Fit fit_euc_kr(Pair pair) {
  if (!pair.lead_in(0x81, 0xFD) || pair.trail < 0x41) return Fit::broken;
  const bool everyday = pair.trail >= 0xA1 && (pair.lead_in(0xB0, 0xC8) || pair.lead_in(0xA1, 0xA3));
  return everyday ? Fit::common : Fit::rare;
}

Fit fit_euc_jp(Pair pair) {
  if (!pair.lead_in(0xA1, 0xF4) || pair.trail < 0xA1)
    return pair.lead == 0x8E && pair.trail >= 0xA1 ? Fit::rare : Fit::broken;
  if (pair.lead_in(0xA4, 0xA5)) return Fit::kana;
  return pair.lead_in(0xA1, 0xA3) || pair.lead_in(0xB0, 0xCF) ? Fit::common : Fit::uncommon;
}

Fit fit_shift_jis(Pair pair) {
  if (pair.lead_in(0xA0, 0xDF) || pair.lead == 0x80 || pair.lead > 0xFC) return Fit::broken;  // half-width: not trusted
  if (pair.trail < 0x40 || pair.trail == 0x7F || pair.trail > 0xFC) return Fit::broken;
  if ((pair.lead == 0x82 && pair.trail >= 0x9F) || (pair.lead == 0x83 && pair.trail <= 0x96)) return Fit::kana;
  return pair.lead_in(0x81, 0x82) || pair.lead_in(0x88, 0x97) ? Fit::common : Fit::uncommon;
}

struct EastAsian {
  const char* name;
  Fit (*fit)(Pair pair);
  bool japanese;
};
constexpr std::array<EastAsian, 5> kEastAsian{{{"EUC-KR", fit_euc_kr, false},
                                               {"GB18030", fit_gb18030, false},
                                               {"Big5", fit_big5, false},
                                               {"EUC-JP", fit_euc_jp, true},
                                               {"Shift_JIS", fit_shift_jis, true}}};

struct FitCounts {
  double score = 0;  // 1: nothing but everyday characters
  std::size_t characters = 0;
  std::size_t stretches = 0;  // runs of such characters between ASCII
};

FitCounts measure_fit(std::string_view sample, const EastAsian& encoding) {
  FitCounts counts;
  double sum = 0;
  std::size_t kana = 0;
  bool in_stretch = false;
  for (std::size_t at = 0; at < sample.size();) {
    const auto lead = static_cast<unsigned char>(sample[at]);
    if (lead < 0x80) {
      in_stretch = false;
      ++at;
      continue;
    }
    const unsigned trail = at + 1 < sample.size() ? static_cast<unsigned char>(sample[at + 1]) : 0U;
    const Fit fit = encoding.fit({lead, trail});
    ++counts.characters;
    counts.stretches += in_stretch ? 0U : 1U;
    in_stretch = true;
    kana += fit == Fit::kana ? 1U : 0U;
    sum += fit == Fit::common || fit == Fit::kana ? 1.0 : fit == Fit::uncommon ? 0.3 : fit == Fit::rare ? -0.5 : -2.0;
    at += fit == Fit::broken ? 1 : 2;
  }
  if (counts.characters > 0) counts.score = sum / static_cast<double>(counts.characters);
  // Japanese without kana is not to be told from Chinese by its bytes.
  if (encoding.japanese && kana * 10 < counts.characters) counts.score = -1;
  return counts;
}

// The East Asian encoding whose everyday characters these are, "" if none. ICU's own statistics want more text than a
// short note has, and see Latin-1 in a page of English with a few Chinese sentences.
std::string east_asian_encoding(std::string_view sample) {
  constexpr double kConvincing = 0.8;
  std::string best;
  double best_score = kConvincing;
  for (const EastAsian& encoding : kEastAsian) {
    const FitCounts counts = measure_fit(sample, encoding);
    // Everyday Korean is made of everyday GB18030 pairs: only spaces or length tell that it is Korean.
    const bool korean = encoding.fit == fit_euc_kr;
    if (korean && counts.stretches < 3 && counts.characters < 8) continue;
    if (counts.characters < 2 || counts.score < best_score || (counts.score == best_score && !best.empty())) continue;
    best = encoding.name;
    best_score = counts.score;
  }
  return best;
}

}  // namespace

std::string detect_wide_encoding(std::string_view bytes) {
  constexpr double kEnough = 0.97;
  if (bytes.size() >= 4 && plausibility(bytes, 4, true) >= kEnough) return "UTF-32LE";
  if (bytes.size() >= 4 && plausibility(bytes, 4, false) >= kEnough) return "UTF-32BE";
  const double little = plausibility(bytes, 2, true);
  const double big = plausibility(bytes, 2, false);
  // ASCII read with its bytes swapped is plausible Chinese; only the right order has its spaces and line ends.
  const bool alike = std::abs(little - big) < 0.05;
  const bool is_little = alike ? ascii_units(bytes, true) >= ascii_units(bytes, false) : little > big;
  if (std::max(little, big) < kEnough) return "";
  return is_little ? "UTF-16LE" : "UTF-16BE";
}

std::vector<std::string> likely_encodings(std::string_view bytes) {
  std::vector<std::string> names;
  const std::string sample = telling_sample(bytes);
  if (const std::string name = east_asian_encoding(sample); !name.empty()) names.push_back(name);
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
