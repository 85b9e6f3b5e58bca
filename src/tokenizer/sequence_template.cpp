#include <algorithm>

#include "attune/tokenizer.hpp"

namespace attune {
namespace {

using Kind = SequenceTemplate::Kind;
using Part = SequenceTemplate::Part;

// How many tokens of each text stay.
struct Lengths {
  std::size_t first = 0;
  std::size_t second = 0;
};

// The reference's rule: the shorter text stays whole while it takes no more than half.
Lengths longest_first(Lengths lengths, std::size_t room) {
  const bool swapped = lengths.first > lengths.second;
  std::size_t shorter = std::min(lengths.first, lengths.second);
  std::size_t longer = shorter > room ? shorter : std::max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  return swapped ? Lengths{longer, shorter} : Lengths{shorter, longer};
}

Result<Lengths> lengths_within(Lengths lengths, std::size_t room, Truncation truncation) {
  if (room == 0) return Lengths{};
  const std::size_t total = lengths.first + lengths.second;
  if (total <= room) return lengths;
  if (truncation == Truncation::longest_first) return longest_first(lengths, room);
  const std::size_t excess = total - room;
  std::size_t& target = truncation == Truncation::only_first ? lengths.first : lengths.second;
  if (target <= excess) {
    return Error{ErrorKind::bad_input, "the text that is to be shortened has " + std::to_string(target) +
                                           " tokens, and " + std::to_string(excess) + " too many are there"};
  }
  target -= excess;
  return lengths;
}

Result<std::size_t> room_for_text(const std::vector<Part>& parts, std::size_t max_tokens) {
  const auto specials = static_cast<std::size_t>(
      std::count_if(parts.begin(), parts.end(), [](const Part& part) { return part.kind == Kind::special; }));
  if (specials > max_tokens) {
    return Error{ErrorKind::bad_input, "at most " + std::to_string(max_tokens) + " tokens have no room for " +
                                           std::to_string(specials) + " special tokens"};
  }
  return max_tokens - specials;
}

void put_text(const Encoding& text, std::size_t count, const Part& part, ModelInput& input) {
  const auto end = static_cast<std::ptrdiff_t>(count);
  input.ids.insert(input.ids.end(), text.ids.begin(), text.ids.begin() + end);
  input.offsets.insert(input.offsets.end(), text.offsets.begin(), text.offsets.begin() + end);
  input.types.resize(input.ids.size(), part.type);
  input.sequences.resize(input.ids.size(), part.kind == Kind::first ? std::int8_t{0} : std::int8_t{1});
}

}  // namespace

SequenceTemplate SequenceTemplate::bert(std::int32_t cls, std::int32_t sep) {
  SequenceTemplate sequence;
  sequence.single = {{Kind::special, 0, cls}, {Kind::first, 0, -1}, {Kind::special, 0, sep}};
  sequence.pair = sequence.single;
  sequence.pair.push_back({Kind::second, 1, -1});
  sequence.pair.push_back({Kind::special, 1, sep});
  return sequence;
}

SequenceTemplate SequenceTemplate::roberta(std::int32_t begin, std::int32_t end) {
  SequenceTemplate sequence;
  sequence.single = {{Kind::special, 0, begin}, {Kind::first, 0, -1}, {Kind::special, 0, end}};
  sequence.pair = sequence.single;
  sequence.pair.push_back({Kind::special, 0, end});
  sequence.pair.push_back({Kind::second, 0, -1});
  sequence.pair.push_back({Kind::special, 0, end});
  return sequence;
}

const SequenceTemplate& Tokenizer::sequence_template() const {
  static const SequenceTemplate bare;
  return bare;
}

namespace {

ModelInput assemble(const std::vector<Part>& parts, const Encoding& first, const Encoding* second,
                    const Lengths& lengths) {
  ModelInput input;
  const std::size_t most = lengths.first + lengths.second + parts.size();
  input.ids.reserve(most);
  input.offsets.reserve(most);
  input.types.reserve(most);
  input.sequences.reserve(most);
  for (const Part& part : parts) {
    if (part.kind == Kind::first) {
      put_text(first, lengths.first, part, input);
    } else if (part.kind == Kind::second) {
      if (second != nullptr) put_text(*second, lengths.second, part, input);
    } else {
      input.ids.push_back(part.id);
      input.types.push_back(part.type);
      input.offsets.push_back({});
      input.sequences.push_back(-1);
    }
  }
  const std::size_t given = first.ids.size() + (second == nullptr ? 0 : second->ids.size());
  input.left_out = given - lengths.first - lengths.second;
  return input;
}

}  // namespace

Result<ModelInput> build_input(const SequenceTemplate& sequence, const Encoding& text, const InputLimits& limits) {
  const auto room = room_for_text(sequence.single, limits.max_tokens);
  if (!room) return room.error();
  return assemble(sequence.single, text, nullptr, {std::min(text.ids.size(), *room), 0});
}

Result<ModelInput> build_pair(const SequenceTemplate& sequence, const Encoding& first, const Encoding& second,
                              const InputLimits& limits) {
  const auto room = room_for_text(sequence.pair, limits.max_tokens);
  if (!room) return room.error();
  const auto lengths = lengths_within({first.ids.size(), second.ids.size()}, *room, limits.truncation);
  if (!lengths) return lengths.error();
  return assemble(sequence.pair, first, &second, *lengths);
}

}  // namespace attune
