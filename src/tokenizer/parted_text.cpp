#include "tokenizer/parted_text.hpp"

#include <algorithm>

#include "tokenizer/normalisation_map.hpp"

namespace attune {

TextPart read_text(std::string_view text) {
  TextPart part;
  part.characters.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint read = decode_utf8(text.substr(at));
    const std::size_t end = at + read.bytes;
    part.characters.push_back({read.value, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end)});
    at = end;
  }
  return part;
}

std::vector<std::uint32_t> code_points_of(std::string_view utf8) {
  std::vector<std::uint32_t> code_points;
  for (const AlignedCharacter& character : read_text(utf8).characters) code_points.push_back(character.value);
  return code_points;
}

void rewrite(TextPart& part, std::span<const Rewriting> steps) {
  const AlignedCharacters& old = part.characters;
  AlignedCharacters result;
  result.reserve(steps.size());
  std::size_t next = 0;  // of the old characters
  for (const Rewriting& step : steps) {
    AlignedCharacter made{step.value, part.origin, part.origin};
    const bool inserts = step.change > 0;
    if (!old.empty() && (!inserts || next > 0)) {
      const AlignedCharacter& source = old[std::min(inserts ? next - 1 : next, old.size() - 1)];
      made.start = source.start;
      made.end = source.end;
    }
    if (!inserts) next += 1 + static_cast<std::size_t>(-step.change);
    result.push_back(made);
  }
  part.characters = std::move(result);
}

void prepend(TextPart& part, std::span<const std::uint32_t> inserted) {
  if (part.characters.empty()) return;
  AlignedCharacter made = part.characters.front();
  AlignedCharacters front;
  for (const std::uint32_t value : inserted) {
    made.value = value;
    front.push_back(made);
  }
  part.characters.insert(part.characters.begin(), front.begin(), front.end());
}

void PartedText::append(const AlignedCharacters& added, std::size_t begin, std::size_t end, std::int32_t id) {
  if (begin >= end) return;
  const std::size_t first = characters.size();
  characters.insert(characters.end(), added.begin() + static_cast<std::ptrdiff_t>(begin),
                    added.begin() + static_cast<std::ptrdiff_t>(end));
  parts.push_back({first, characters.size(), added[begin].start, id});
}

std::vector<Stretch> match_characters(std::span<const AlignedCharacter> text,
                                      const std::function<bool(std::uint32_t)>& is_wanted) {
  std::vector<Stretch> found;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_wanted(text[at].value)) continue;
    if (done < at) found.push_back({done, at, false});
    found.push_back({at, at + 1, true});
    done = at + 1;
  }
  if (done < text.size()) found.push_back({done, text.size(), false});
  return found;
}

std::vector<Stretch> apply_behaviour(std::vector<Stretch> stretches, SplitBehaviour behaviour) {
  if (behaviour == SplitBehaviour::isolated) return stretches;
  if (behaviour == SplitBehaviour::removed) {
    std::erase_if(stretches, [](const Stretch& stretch) { return stretch.is_match; });
    return stretches;
  }
  const bool from_behind = behaviour == SplitBehaviour::merged_with_next;
  if (from_behind) std::reverse(stretches.begin(), stretches.end());
  std::vector<Stretch> result;
  bool was_match = false;
  for (const Stretch& stretch : stretches) {
    const bool joins =
        behaviour == SplitBehaviour::contiguous ? stretch.is_match == was_match : stretch.is_match && !was_match;
    was_match = stretch.is_match;
    if (!joins || result.empty()) {
      result.push_back(stretch);
    } else if (from_behind) {
      result.back().begin = stretch.begin;
    } else {
      result.back().end = stretch.end;
    }
  }
  if (from_behind) std::reverse(result.begin(), result.end());
  return result;
}

void split_parts(PartedText& text, const StretchFinder& find, SplitBehaviour behaviour) {
  std::vector<PartedText::Part> parts;
  for (const PartedText::Part& part : text.parts) {
    if (part.id != PartedText::kOpen) {
      parts.push_back(part);
      continue;
    }
    for (const Stretch& stretch : apply_behaviour(find(text.of(part)), behaviour)) {
      if (stretch.begin >= stretch.end) continue;
      const std::size_t begin = part.begin + stretch.begin;
      parts.push_back({begin, part.begin + stretch.end, text.characters[begin].start, part.id});
    }
  }
  text.parts = std::move(parts);
}

void rewrite_parts(PartedText& text, const std::function<void(TextPart&)>& change) {
  PartedText result;
  result.characters.reserve(text.characters.size());
  for (const PartedText::Part& part : text.parts) {
    const auto characters = text.of(part);
    TextPart alone{{characters.begin(), characters.end()}, part.origin};
    if (part.id == PartedText::kOpen) change(alone);
    if (alone.characters.empty()) continue;
    const std::size_t first = result.characters.size();
    result.characters.insert(result.characters.end(), alone.characters.begin(), alone.characters.end());
    result.parts.push_back({first, result.characters.size(), part.origin, part.id});
  }
  text = std::move(result);
}

}  // namespace attune
