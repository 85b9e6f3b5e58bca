// What of a passage models read: its own text below the title and headings that it stands under.
#include "attune/embed.hpp"

namespace attune {
namespace {

constexpr std::string_view kHeadingSeparator = " › ";

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

// The heading path without its last heading where the text itself begins with that.
std::string_view heading_above(std::string_view heading, std::string_view text) {
  const auto separator = heading.rfind(kHeadingSeparator);
  const std::size_t last = separator == std::string_view::npos ? 0 : separator + kHeadingSeparator.size();
  if (heading.substr(last) != first_line(text)) return heading;
  return heading.substr(0, separator == std::string_view::npos ? 0 : separator);
}

}  // namespace

std::string passage_for_embedding(std::string_view title, std::string_view heading, std::string_view text) {
  std::string passage;
  heading = heading_above(heading, text);
  const bool says_title = title == first_line(text) || heading.starts_with(title);
  if (!says_title) passage.append(title).append("\n");
  if (!heading.empty()) passage.append(heading).append("\n");
  return passage.append(text);
}

}  // namespace attune
