#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/ucnv_err.h>

#include "attune/text.hpp"

#include "text/characters.hpp"
#include "text/encoding_detection.hpp"

namespace attune::text {
namespace {

struct ConverterCloser {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using OwnedConverter = std::unique_ptr<UConverter, ConverterCloser>;

OwnedConverter open_converter(const std::string& name) {
  UErrorCode status = U_ZERO_ERROR;
  OwnedConverter converter(ucnv_open(name.c_str(), &status));
  return U_SUCCESS(status) ? std::move(converter) : nullptr;
}

// The common name of a declared encoding.
std::string encoding_name(std::string_view declared) {
  std::string name;
  for (const char byte : declared) {
    if (byte != ' ' && byte != '"' && byte != '\'') {
      name += static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
    }
  }
  if (name == "gb2312" || name == "gbk" || name == "gb_2312-80" || name == "x-gbk") return "GB18030";
  if (name == "iso-8859-1" || name == "latin1" || name == "us-ascii" || name == "ascii") return "windows-1252";
  if (name == "shift_jis" || name == "sjis" || name == "x-sjis" || name == "shift-jis") return "Shift_JIS";
  if (name == "euc-kr" || name == "ks_c_5601-1987") return "EUC-KR";
  if (name == "big5" || name == "x-x-big5") return "Big5";
  return name;
}

// The superset that files are really written in, as browsers read them.
std::string converter_for(const std::string& encoding) {
  if (encoding == "Shift_JIS") return "windows-31j";
  if (encoding == "EUC-KR") return "windows-949";
  if (encoding == "Big5") return "Big5-HKSCS";
  return encoding;
}

// Called by ICU for each malformed sequence: writes U+FFFD and counts it.
void replace_and_count(const void* context, UConverterToUnicodeArgs* arguments, const char* /*bytes*/,
                       std::int32_t /*size*/, UConverterCallbackReason reason, UErrorCode* status) {
  if (reason > UCNV_IRREGULAR) return;  // reset, close, clone
  ++*static_cast<std::size_t*>(const_cast<void*>(context));
  *status = U_ZERO_ERROR;
  const UChar replacement = 0xFFFD;
  ucnv_cbToUWriteUChars(arguments, &replacement, 1, 0, status);
}

// The whole of `bytes` as UTF-8, or nothing if there is no such encoding.
std::optional<Decoded> convert(std::string_view bytes, const std::string& encoding) {
  const OwnedConverter from = open_converter(converter_for(encoding));
  const OwnedConverter to = open_converter("UTF-8");
  if (from == nullptr || to == nullptr) return std::nullopt;
  Decoded decoded;
  UErrorCode status = U_ZERO_ERROR;
  decoded.encoding = encoding;
  ucnv_setToUCallBack(from.get(), replace_and_count, &decoded.replaced, nullptr, nullptr, &status);

  std::array<char, 1 << 14> buffer{};
  std::array<UChar, 1 << 12> pivot{};
  UChar* pivot_source = pivot.data();
  UChar* pivot_target = pivot.data();
  const char* source = bytes.data();
  const char* const source_end = source + bytes.size();
  bool reset = true;
  do {
    status = U_ZERO_ERROR;
    char* target = buffer.data();
    ucnv_convertEx(to.get(), from.get(), &target, buffer.data() + buffer.size(), &source, source_end, pivot.data(),
                   &pivot_source, &pivot_target, pivot.data() + pivot.size(), static_cast<UBool>(reset), 1, &status);
    reset = false;
    decoded.utf8.append(buffer.data(), static_cast<std::size_t>(target - buffer.data()));
  } while (status == U_BUFFER_OVERFLOW_ERROR);
  if (U_FAILURE(status)) return std::nullopt;
  return decoded;
}

// "\n" line ends, no NUL.
void normalise_lines(std::string& text) {
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') continue;
    if (text[i] == '\r') {
      if (i + 1 < text.size() && text[i + 1] == '\n') continue;
      text[written++] = '\n';
      continue;
    }
    text[written++] = text[i];
  }
  text.resize(written);
}

// Controls that no text has. Back spaces and escapes are left alone: man pages and logs have them.
bool is_mostly_controls(std::string_view text) {
  const auto controls = std::count_if(text.begin(), text.end(), [](char byte) {
    const auto value = static_cast<unsigned char>(byte);
    return (value < 0x07 || (value > 0x0D && value < 0x20 && value != 0x1B) || value == 0x7F);
  });
  return static_cast<std::size_t>(controls) * 20 > text.size();
}

Result<Decoded> finished(Decoded decoded) {
  if (is_mostly_controls(decoded.utf8)) return Error{ErrorKind::bad_input, "the content is binary, not text"};
  normalise_lines(decoded.utf8);
  if (decoded.utf8.starts_with("\xEF\xBB\xBF")) decoded.utf8.erase(0, 3);
  return decoded;
}

struct Utf8Census {
  std::size_t malformed = 0;
  std::size_t multibyte = 0;  // well-formed sequences of several bytes
};

Utf8Census census(std::string_view bytes) {
  Utf8Census counts;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t start = at;
    const char32_t character = next_character(bytes, at);
    if (character == kReplacement && bytes.substr(start, at - start) != "\xEF\xBF\xBD") {
      ++counts.malformed;
    } else if (character >= 128) {
      ++counts.multibyte;
    }
  }
  return counts;
}

Decoded as_utf8(std::string_view bytes, std::size_t malformed) {
  return {malformed == 0 ? std::string(bytes) : to_valid_utf8(bytes), "UTF-8", malformed};
}

std::string encoding_by_mark(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xFF\xFE\0\0"sv)) return "UTF-32LE";
  if (bytes.starts_with("\0\0\xFE\xFF"sv)) return "UTF-32BE";
  if (bytes.starts_with("\xFF\xFE"sv)) return "UTF-16LE";
  if (bytes.starts_with("\xFE\xFF"sv)) return "UTF-16BE";
  if (bytes.starts_with("\x84\x31\x95\x33"sv)) return "GB18030";
  return "";
}

bool is_few(std::size_t malformed, std::size_t bytes) {
  return malformed <= 1 + bytes / 1000;
}

}  // namespace

Result<Decoded> decode(std::string_view bytes, std::string_view declared) {
  if (const std::string marked = encoding_by_mark(bytes); !marked.empty()) {
    if (auto decoded = convert(bytes, marked)) return finished(*std::move(decoded));
  }
  const Utf8Census counts = census(bytes);
  const auto nuls = static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\0'));
  const bool stray_nuls = nuls * 1000 <= bytes.size();
  if (nuls > 0 && !(stray_nuls && counts.malformed == 0)) {
    if (const std::string wide = detect_wide_encoding(bytes); !wide.empty()) {
      if (auto decoded = convert(bytes, wide)) return finished(*std::move(decoded));
    }
    if (!stray_nuls) return Error{ErrorKind::bad_input, "the content is binary, not text"};
  }
  // Seven bits with escapes: old Japanese mail.
  if (bytes.find("\x1B$") != std::string_view::npos) {
    if (auto decoded = convert(bytes, "ISO-2022-JP"); decoded && decoded->replaced == 0) {
      return finished(*std::move(decoded));
    }
  }
  if (counts.malformed == 0) return finished(as_utf8(bytes, 0));
  if (!declared.empty()) {
    const std::string name = encoding_name(declared);
    if (auto decoded = convert(bytes, name); decoded && is_few(decoded->replaced, bytes.size())) {
      return finished(*std::move(decoded));
    }
  }
  // A few damaged places in what is UTF-8 otherwise.
  if (counts.multibyte >= 4 * counts.malformed) return finished(as_utf8(bytes, counts.malformed));
  std::optional<Decoded> best;
  for (const std::string& name : likely_encodings(bytes)) {
    auto decoded = convert(bytes, name);
    if (!decoded) continue;
    if (!best || decoded->replaced < best->replaced) best = std::move(decoded);
    if (best->replaced == 0) break;
  }
  return finished(best ? *std::move(best) : as_utf8(bytes, counts.malformed));
}

}  // namespace attune::text
