#include "tokenizer/pattern.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include <unicode/regex.h>
#include <unicode/unistr.h>

#include "tokenizer/newer_unicode.hpp"

namespace attune {
namespace {

constexpr std::size_t kMostPatternBytes = 4096;
constexpr std::int32_t kMatcherMemory = 64'000'000;  // bytes of backtracking state for one text

Error bad(const std::string& text) {
  return Error{ErrorKind::bad_input, text};
}

class Literal final : public Pattern {
 public:
  explicit Literal(std::vector<std::uint32_t> wanted) : wanted_(std::move(wanted)) {}

  std::vector<Stretch> find(std::span<const AlignedCharacter> text) const override {
    std::vector<Stretch> found;
    std::size_t done = 0;
    const auto is_same = [](const AlignedCharacter& left, std::uint32_t right) { return left.value == right; };
    for (;;) {
      const auto rest = text.subspan(done);
      const auto at = std::search(rest.begin(), rest.end(), wanted_.begin(), wanted_.end(), is_same);
      if (at == rest.end()) break;
      const std::size_t begin = done + static_cast<std::size_t>(at - rest.begin());
      if (done < begin) found.push_back({done, begin, false});
      done = begin + wanted_.size();
      found.push_back({begin, done, true});
    }
    if (done < text.size()) found.push_back({done, text.size(), false});
    return found;
  }

 private:
  std::vector<std::uint32_t> wanted_;
};

class Expression final : public Pattern {
 public:
  explicit Expression(std::unique_ptr<icu::RegexPattern> pattern) : pattern_(std::move(pattern)) {}

  std::vector<Stretch> find(std::span<const AlignedCharacter> text) const override {
    if (text.empty()) return {};
    icu::UnicodeString utf16(static_cast<std::int32_t>(std::min<std::size_t>(text.size(), 1U << 30U)), 0, 0);
    std::vector<std::uint32_t> places;  // [UTF-16 units + 1] the character that a unit belongs to
    places.reserve(text.size() + 1);
    for (std::size_t at = 0; at < text.size(); ++at) {
      utf16.append(static_cast<UChar32>(text[at].value));
      places.resize(static_cast<std::size_t>(utf16.length()), static_cast<std::uint32_t>(at));
    }
    places.push_back(static_cast<std::uint32_t>(text.size()));

    std::vector<Stretch> found;
    std::size_t done = 0;
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::RegexMatcher> matcher(pattern_->matcher(utf16, status));
    if (matcher != nullptr) matcher->setStackLimit(kMatcherMemory, status);
    while (U_SUCCESS(status) && matcher->find(status) && U_SUCCESS(status)) {
      const std::size_t begin = places[static_cast<std::size_t>(matcher->start(status))];
      const std::size_t end = places[static_cast<std::size_t>(matcher->end(status))];
      if (done < begin) found.push_back({done, begin, false});
      found.push_back({begin, end, true});
      done = end;
    }
    if (done < text.size()) found.push_back({done, text.size(), false});
    return found;
  }

 private:
  std::unique_ptr<icu::RegexPattern> pattern_;
};

// `text` with the classes that the two engines see differently spelled out. Sets may stand inside sets.
std::string with_same_classes(std::string_view text) {
  const std::string letters = newer_ranges(NewerKind::letter);
  const std::string numbers = newer_ranges(NewerKind::number);
  // To Oniguruma, six fractions and raised digits of Latin-1 are word characters, and no others; joiners are none.
  const std::string words = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u00B2\u00B3\u00B9\u00BC-\u00BE)" + letters + numbers +
                            newer_ranges(NewerKind::mark);
  const std::pair<std::string_view, std::string> spelled[] = {{R"(\p{L})", R"([\p{L})" + letters + "]"},
                                                              {R"(\p{N})", R"([\p{N})" + numbers + "]"},
                                                              {R"(\w)", "[" + words + "]"},
                                                              {R"(\W)", "[^" + words + "]"}};
  std::string result;
  while (!text.empty()) {
    const auto* const found = std::find_if(std::begin(spelled), std::end(spelled),
                                           [&](const auto& known) { return text.starts_with(known.first); });
    // An escape is two characters at least, so that "\\w" is a backslash and a letter.
    const std::size_t taken =
        found != std::end(spelled) ? found->first.size() : (text[0] == '\\' && text.size() > 1 ? 2 : 1);
    result += found != std::end(spelled) ? std::string_view(found->second) : text.substr(0, taken);
    text.remove_prefix(taken);
  }
  return result;
}

// An escape that means one thing to Oniguruma and another to ICU, or nothing: '\h' is a hexadecimal digit there and
// white space here. 0 if there is none.
char foreign_escape(std::string_view text) {
  constexpr std::string_view kForeign = "bBhHKOgkyYzZmMcCXRNQE";
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    if (text[at] != '\\') continue;
    ++at;
    if (kForeign.find(text[at]) != std::string_view::npos) return text[at];
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<Pattern>> Pattern::literal(std::string_view text) {
  if (text.empty()) return bad("an empty pattern");
  if (text.size() > kMostPatternBytes)
    return bad("a pattern of more than " + std::to_string(kMostPatternBytes) + " bytes");
  return std::unique_ptr<Pattern>(std::make_unique<Literal>(code_points_of(text)));
}

Result<std::unique_ptr<Pattern>> Pattern::expression(std::string_view text) {
  if (text.empty()) return bad("an empty pattern");
  if (text.size() > kMostPatternBytes)
    return bad("a pattern of more than " + std::to_string(kMostPatternBytes) + " bytes");
  if (const char escape = foreign_escape(text); escape != 0) {
    return Error{ErrorKind::unsupported, "the pattern '" + std::string(text) + "' uses '\\" + escape + "'"};
  }
  UErrorCode status = U_ZERO_ERROR;
  UParseError place = {};
  const auto utf16 = icu::UnicodeString::fromUTF8(with_same_classes(text));
  // In Oniguruma, "^" and "$" stand at every line's ends, and nothing but "\n" ends one.
  std::unique_ptr<icu::RegexPattern> pattern(
      icu::RegexPattern::compile(utf16, UREGEX_MULTILINE | UREGEX_UNIX_LINES, place, status));
  if (U_FAILURE(status) || pattern == nullptr) {
    return bad("the pattern '" + std::string(text) + "' does not compile at character " + std::to_string(place.offset) +
               ": " + u_errorName(status));
  }
  return std::unique_ptr<Pattern>(std::make_unique<Expression>(std::move(pattern)));
}

}  // namespace attune
