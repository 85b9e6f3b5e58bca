// Where else in the history stands what was copied, and how much the pointer attended to each place.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>

#include "attune/rewrite/edits.hpp"

namespace attune {
namespace {

// Whether `count` units from `first` on say what those from `other` on say, within one turn.
bool says_the_same(const Conversation& conversation, const std::vector<EditReading::Source>& sources, std::size_t first,
                   std::size_t other, std::size_t count) {
  if (other + count > sources.size() || sources[other].turn != sources[other + count - 1].turn) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& one = sources[first + i];
    const auto& same = sources[other + i];
    if (one.span.of(conversation.history[one.turn]) != same.span.of(conversation.history[same.turn])) return false;
  }
  return true;
}

}  // namespace

void align(const Conversation& conversation, const EditReading& reading, const Edits& edits, const EditScores& scores,
           EditedText& edited) {
  for (std::size_t i = 0; i < edited.copied.size() && i < edits.insertions.size(); ++i) {
    const Edits::Insertion& insertion = edits.insertions[i];
    EditedText::Copied& copied = edited.copied[i];
    const auto attention = [&](std::size_t unit) {
      return std::exp(static_cast<double>(scores.start[insertion.slot * scores.sources + unit]));
    };
    const std::size_t count = insertion.last + 1 - insertion.first;
    copied.weight = attention(insertion.first);
    for (std::size_t other = 0; other < reading.sources.size(); ++other) {
      if (other == insertion.first || !says_the_same(conversation, reading.sources, insertion.first, other, count)) {
        continue;
      }
      const ByteSpan span{reading.sources[other].span.start, reading.sources[other + count - 1].span.end};
      copied.also.push_back({reading.sources[other].turn, span, attention(other)});
    }
    std::ranges::stable_sort(copied.also, std::greater<>(), &EditedText::Place::weight);
  }
}

}  // namespace attune
