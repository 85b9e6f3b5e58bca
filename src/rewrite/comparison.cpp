// Comparisons: "the difference between A and B" is also a question about A, and one about B.
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include "attune/text.hpp"

#include "rewrite/rules.hpp"

namespace attune {
namespace {

constexpr float kWeight = 0.2F;

// `before` first `between` second `after`; "" matches nothing at its end of the question.
struct Pattern {
  std::string_view before;
  std::string_view between;
  std::string_view after;
};

constexpr std::array kPatterns = {
    Pattern{"difference between ", " and ", ""},
    Pattern{"differences between ", " and ", ""},
    Pattern{"compare ", " and ", ""},
    Pattern{"compare ", " with ", ""},
    Pattern{"compare ", " to ", ""},
    Pattern{"", " versus ", ""},
    Pattern{"", " vs. ", ""},
    Pattern{"", " vs ", ""},
    Pattern{"", "和", "的区别"},
    Pattern{"", "与", "的区别"},
    Pattern{"", "和", "有什么区别"},
    Pattern{"", "与", "有什么区别"},
    Pattern{"", "和", "的差别"},
    Pattern{"", "与", "的差别"},
    Pattern{"", "和", "有什么不同"},
    Pattern{"", "与", "有什么不同"},
    Pattern{"", "和", "的不同"},
    Pattern{"", "与", "的不同"},
    Pattern{"", "和", "的异同"},
    Pattern{"", "与", "的异同"},
};

// Words that lead to the first side: "what is the difference between", "what is A vs B".
constexpr std::array<std::string_view, 6> kLeading = {"what is ", "what are ", "what's ", "is ", "the ", "比较"};

std::string_view trimmed(std::string_view side) {
  for (bool cut = true; cut;) {
    cut = false;
    for (const std::string_view mark : {"？", "。", "！", "，"}) {
      if (side.ends_with(mark)) side.remove_suffix(mark.size()), cut = true;
    }
    while (!side.empty() && std::string_view(" \t\n?.!,;:").find(side.back()) != std::string_view::npos) {
      side.remove_suffix(1);
      cut = true;
    }
    while (!side.empty() && side.front() == ' ') side.remove_prefix(1);
  }
  return side;
}

std::optional<std::pair<ByteSpan, ByteSpan>> match(std::string_view question, const Pattern& pattern) {
  const std::size_t before = pattern.before.empty() ? 0 : question.find(pattern.before);
  if (before == std::string_view::npos) return std::nullopt;
  std::size_t start = before + pattern.before.size();
  const std::size_t after = pattern.after.empty() ? question.size() : question.find(pattern.after, start);
  if (after == std::string_view::npos) return std::nullopt;
  const std::size_t between = question.substr(0, after).find(pattern.between, start);
  if (between == std::string_view::npos) return std::nullopt;
  for (bool cut = pattern.before.empty(); cut;) {
    cut = false;
    for (const std::string_view word : kLeading) {
      if (question.substr(start, between - start).starts_with(word)) start += word.size(), cut = true;
    }
  }
  const auto span_of = [&](std::size_t from, std::size_t to) {
    const std::string_view side = trimmed(question.substr(from, to - from));
    const auto begin = static_cast<std::size_t>(side.data() - question.data());
    return ByteSpan{begin, begin + side.size()};
  };
  const ByteSpan first = span_of(start, between);
  const ByteSpan second = span_of(between + pattern.between.size(), after);
  if (first.empty() || second.empty()) return std::nullopt;
  return std::pair(first, second);
}

}  // namespace

std::vector<Rewrite> split_comparison(const std::string& question) {
  std::string folded = question;
  for (char& byte : folded) byte = static_cast<char>(std::tolower(static_cast<unsigned char>(byte)));
  for (const Pattern& pattern : kPatterns) {
    const auto sides = match(folded, pattern);
    if (!sides) continue;
    std::vector<Rewrite> rewrites;
    for (const ByteSpan& side : {sides->first, sides->second}) {
      Rewrite rewrite{
          .kind = RewriteKind::part, .text = std::string(side.of(question)), .words = kWeight, .dense = kWeight};
      rewrite.origins.push_back({{0, rewrite.text.size()}, RewriteOrigin::From::question, 0, side});
      rewrite.why = "one side of a comparison";
      rewrites.push_back(std::move(rewrite));
    }
    return rewrites;
  }
  return {};
}

}  // namespace attune
