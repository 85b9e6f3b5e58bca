#include "reader/xlsx_numbers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <system_error>

#include "reader/xml_text.hpp"

namespace attune::reader {
namespace {

constexpr int kMostDecimals = 15;  // what a double holds

// Formats that files name by number alone (ECMA-376, 18.8.30). The dates of East Asian versions are written as ISO
// codes.
std::string_view built_in_code(int id) {
  if (id == 1 || id == 3 || id == 37 || id == 38 || id == 41 || id == 42) return "0";
  if (id == 2 || id == 4 || id == 39 || id == 40 || id == 43 || id == 44) return "0.00";
  if (id == 9) return "0%";
  if (id == 10) return "0.00%";
  if (id == 20 || id == 18 || id == 32 || id == 34 || id == 55) return "h:mm";
  if (id == 19 || id == 21 || id == 33 || id == 35 || id == 56) return "h:mm:ss";
  if (id == 17 || id == 52) return "yyyy-mm";
  if (id == 22) return "yyyy-mm-dd h:mm";
  if (id == 45 || id == 47) return "mm:ss";
  if (id == 46) return "[h]:mm:ss";
  if ((id >= 14 && id <= 16) || (id >= 27 && id <= 36) || (id >= 50 && id <= 58)) return "yyyy-mm-dd";
  return "General";
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// Walks through a format code's first section.
class FormatCode {
 public:
  explicit FormatCode(std::string_view code) : code_(code) {}

  NumberFormat parse() {
    if (code_.starts_with("General") || code_.starts_with("@")) return {};
    while (at_ < code_.size() && code_[at_] != ';' && !unknown_) step(code_[at_++]);
    const bool says_something = has_digits_ || format_.is_date() || format_.time;
    if (unknown_ || !says_something) return {};
    format_.general = false;
    // Beside hours or seconds, "m" means minutes.
    if (format_.time && !format_.year && !format_.day) format_.month = false;
    return format_;
  }

 private:
  void step(char c) {
    switch (lower(c)) {
      case '"':
        return literal(take_until('"'));
      case '\\':
        return literal(take_character());
      case '_':  // room as wide as the next character
      case '*':  // that character as filling
        take_character();
        return;
      case '[':
        return bracket(take_until(']'));
      case '0':
      case '#':
      case '?':
        return digit(c);
      case '.':
        in_decimals_ = has_digits_;
        return;
      case ',':
        return;
      case '%':
        format_.percent = true;
        return literal("%");
      case 'e':
      case '/':
        unknown_ = has_digits_ && !format_.is_date();  // scientific, or a fraction
        return;
      default:
        return letter_or_literal(c);
    }
  }

  void letter_or_literal(char c) {
    const char letter = lower(c);
    format_.year = format_.year || letter == 'y';
    format_.month = format_.month || letter == 'm';
    format_.day = format_.day || letter == 'd';
    format_.time = format_.time || letter == 'h' || letter == 's';
    format_.seconds = format_.seconds || letter == 's';
    const bool means_time = letter == 'y' || letter == 'm' || letter == 'd' || letter == 'h' || letter == 's';
    if (!means_time) literal(std::string_view(&code_[at_ - 1], 1));
  }

  void digit(char c) {
    has_digits_ = true;
    if (!in_decimals_ || format_.most_decimals >= kMostDecimals) return;
    ++format_.most_decimals;
    if (c == '0') format_.least_decimals = format_.most_decimals;
  }

  // "$¥-804" is a currency, "h" elapsed hours; colours and conditions are not shown.
  void bracket(std::string_view content) {
    if (content.starts_with('$')) return literal(content.substr(1, content.find('-') - 1));
    if (content == "h" || content == "hh" || content == "m" || content == "mm" || content == "s" || content == "ss") {
      format_.time = true;
      format_.elapsed = true;
      format_.seconds = format_.seconds || content.starts_with('s');
    }
  }

  void literal(std::string_view text) { (has_digits_ ? format_.after : format_.before) += text; }

  std::string_view take_until(char end) {
    const auto close = std::min(code_.find(end, at_), code_.size());
    const std::string_view content = code_.substr(at_, close - at_);
    at_ = std::min(close + 1, code_.size());
    return content;
  }

  // One UTF-8 character.
  std::string_view take_character() {
    const std::size_t start = at_;
    if (at_ < code_.size()) ++at_;
    while (at_ < code_.size() && (static_cast<unsigned char>(code_[at_]) & 0xC0U) == 0x80U) ++at_;
    return code_.substr(start, at_ - start);
  }

  std::string_view code_;
  std::size_t at_ = 0;
  NumberFormat format_;
  bool has_digits_ = false;
  bool in_decimals_ = false;
  bool unknown_ = false;
};

std::string general_number(double number) {
  char digits[64];
  const auto [end, failure] =
      std::to_chars(digits, digits + sizeof digits, number, std::chars_format::general, kMostDecimals);
  return failure == std::errc() ? std::string(digits, end) : std::string();
}

std::string fixed_number(double number, const NumberFormat& format) {
  if (std::abs(number) >= 1e15) return general_number(number);
  char digits[64];
  const auto [end, failure] =
      std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed, format.most_decimals);
  if (failure != std::errc()) return general_number(number);
  std::string shown(digits, end);
  for (int decimals = format.most_decimals; decimals > format.least_decimals && shown.ends_with('0'); --decimals) {
    shown.pop_back();
  }
  if (shown.ends_with('.')) shown.pop_back();
  // A small negative number that rounds to nothing has no sign.
  return shown.starts_with('-') && shown.find_first_of("123456789") == std::string::npos ? shown.substr(1) : shown;
}

struct Date {
  std::int64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
};

// Days since 1970-01-01 to a date (Howard Hinnant's civil_from_days).
Date date_of(std::int64_t days) {
  days += 719468;
  const std::int64_t era = days / 146097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146097);
  const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted = (5 * day_of_year + 2) / 153;  // months since March
  const unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month,
          day_of_year - (153 * shifted + 2) / 5 + 1};
}

std::string show_date(double serial, const NumberFormat& format, bool since_1904) {
  constexpr double kLastSerial = 2958466;  // the day after 9999-12-31
  if (since_1904) serial += 1462;
  if (!(serial >= 0 && serial < kLastSerial)) return general_number(serial);
  // Excel believes that 1900 was a leap year; from March 1900 on its day 0 is 1899-12-30.
  std::int64_t seconds = std::llround(serial * 86400.0);
  const std::int64_t day = seconds / 86400;
  seconds %= 86400;
  const Date date = date_of(day - 25569 + (day < 60 ? 1 : 0));
  char text[64] = "";
  std::string shown;
  if (format.is_date()) {
    if (format.year && !format.month && !format.day) {
      std::snprintf(text, sizeof text, "%04lld", static_cast<long long>(date.year));
    } else if (format.year && !format.day) {
      std::snprintf(text, sizeof text, "%04lld-%02u", static_cast<long long>(date.year), date.month);
    } else {
      std::snprintf(text, sizeof text, "%04lld-%02u-%02u", static_cast<long long>(date.year), date.month, date.day);
    }
    shown = text;
  }
  if (format.time) {
    if (!shown.empty()) shown += ' ';
    const std::int64_t hours = seconds / 3600 + (format.elapsed ? day * 24 : 0);
    std::snprintf(text, sizeof text, "%02lld:%02lld", static_cast<long long>(hours),
                  static_cast<long long>(seconds / 60 % 60));
    shown += text;
    if (format.seconds) {
      std::snprintf(text, sizeof text, ":%02lld", static_cast<long long>(seconds % 60));
      shown += text;
    }
  }
  return shown;
}

}  // namespace

NumberFormat parse_number_format(std::string_view code) {
  return FormatCode(code).parse();
}

std::string show_number(double number, const NumberFormat& format, bool since_1904) {
  if (!std::isfinite(number)) return {};
  if (format.general) return general_number(number);
  if (format.is_date() || format.time) return show_date(number, format, since_1904);
  const std::string digits = fixed_number(format.percent ? number * 100 : number, format);
  if (digits.starts_with('-')) return '-' + format.before + digits.substr(1) + format.after;
  return format.before + digits + format.after;
}

CellFormats::CellFormats(const pugi::xml_node& root) {
  std::map<int, std::string> own_codes;
  for (const pugi::xml_node& each : child(root, "numFmts").children()) {
    own_codes.emplace(int_value(value(each, "numFmtId"), -1), value(each, "formatCode"));
  }
  for (const pugi::xml_node& each : child(root, "cellXfs").children()) {
    if (local_name(each) != "xf") continue;
    const int id = int_value(value(each, "numFmtId"), 0);
    const auto own = own_codes.find(id);
    formats_.push_back(parse_number_format(own == own_codes.end() ? built_in_code(id) : own->second));
  }
}

const NumberFormat& CellFormats::find(int index) const {
  const auto at = static_cast<std::size_t>(index);
  return index >= 0 && at < formats_.size() ? formats_[at] : general_;
}

}  // namespace attune::reader
