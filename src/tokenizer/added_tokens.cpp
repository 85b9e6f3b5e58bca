#include "tokenizer/added_tokens.hpp"

#include <algorithm>

#include "tokenizer/normalisation_map.hpp"
#include "tokenizer/unicode_classes.hpp"

namespace attune {
namespace {

std::string normalised(const std::string& content, const Normalizer* normalizer) {
  if (normalizer == nullptr) return content;
  TextPart part = read_text(content);
  normalizer->apply(part);
  std::string result;
  for (const AlignedCharacter& character : part.characters) append_utf8(character.value, result);
  return result;
}

}  // namespace

Result<AddedTokens> AddedTokens::create(std::vector<AddedToken> tokens, const Normalizer* normalizer) {
  AddedTokens result;
  result.tokens_ = std::move(tokens);
  std::vector<std::string> spelled;
  spelled.reserve(result.tokens_.size());
  for (const AddedToken& token : result.tokens_) {
    spelled.push_back(token.normalized ? normalised(token.content, normalizer) : token.content);
    if (spelled.back().empty()) {
      return Error{ErrorKind::bad_input, "the added token '" + token.content + "' is normalised to nothing"};
    }
  }
  for (const bool is_normalised : {false, true}) {
    std::vector<PieceTrie::Key> keys;
    for (std::size_t index = 0; index < spelled.size(); ++index) {
      if (result.tokens_[index].normalized == is_normalised) {
        keys.push_back({spelled[index], static_cast<std::int32_t>(index)});
      }
    }
    std::int32_t repeated = -1;
    (is_normalised ? result.normalised_ : result.raw_) = PieceTrie(keys, repeated);
    if (repeated >= 0) {
      const std::string& content = result.tokens_[static_cast<std::size_t>(repeated)].content;
      return Error{ErrorKind::bad_input, "the added token '" + content + "' reads like another one"};
    }
  }
  return result;
}

std::vector<AddedTokens::Found> AddedTokens::find(const PieceTrie& trie, const AlignedCharacters& text,
                                                  bool finds_special) const {
  std::vector<Found> found;
  std::size_t done = 0;  // up to here, text belongs to a token
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    // The longest token that begins here.
    std::uint32_t node = PieceTrie::kRoot;
    std::int32_t token = -1;
    std::size_t end = at;
    for (std::size_t next = at; next < text.size() && node != PieceTrie::kNone; ++next) {
      bytes.clear();
      append_utf8(text[next].value, bytes);
      for (const char byte : bytes) {
        if (node != PieceTrie::kNone) node = trie.step(node, static_cast<unsigned char>(byte));
      }
      if (node == PieceTrie::kNone || trie.piece_at(node) < 0) continue;
      token = trie.piece_at(node);
      end = next + 1;
    }
    if (token < 0) {
      ++at;
      continue;
    }
    const AddedToken& rules = tokens_[static_cast<std::size_t>(token)];
    const bool touches_word =
        (at > 0 && is_word_character(text[at - 1].value)) || (end < text.size() && is_word_character(text[end].value));
    const std::size_t behind = end;
    std::size_t begin = at;
    at = behind;
    if ((rules.single_word && touches_word) || (rules.special && !finds_special)) continue;
    if (rules.lstrip) {
      while (begin > done && is_white_space(text[begin - 1].value)) --begin;
    }
    if (rules.rstrip) {
      while (end < text.size() && is_white_space(text[end].value)) ++end;
    }
    if (done < begin) found.push_back({done, begin, -1});
    found.push_back({begin, end, token});
    done = end;
  }
  if (done < text.size()) found.push_back({done, text.size(), -1});
  return found;
}

PartedText AddedTokens::extract(std::string_view text, const Normalizer* normalizer, bool finds_special) const {
  PartedText result;
  const TextPart whole = read_text(text);
  for (const Found& outer : find(raw_, whole.characters, finds_special)) {
    if (outer.token >= 0) {
      result.append(whole.characters, outer.begin, outer.end, tokens_[static_cast<std::size_t>(outer.token)].id);
      continue;
    }
    const auto from = whole.characters.begin() + static_cast<std::ptrdiff_t>(outer.begin);
    TextPart between{{from, from + static_cast<std::ptrdiff_t>(outer.end - outer.begin)}, 0};
    between.origin = between.characters.front().start;
    if (normalizer != nullptr) normalizer->apply(between);
    for (const Found& inner : find(normalised_, between.characters, finds_special)) {
      const bool is_text = inner.token < 0;
      result.append(between.characters, inner.begin, inner.end,
                    is_text ? PartedText::kOpen : tokens_[static_cast<std::size_t>(inner.token)].id);
    }
  }
  return result;
}

}  // namespace attune
