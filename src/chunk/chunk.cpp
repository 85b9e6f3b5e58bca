#include "attune/chunk.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "attune/text.hpp"

#include "chunk/pieces.hpp"
#include "chunk/sections.hpp"

namespace attune {
namespace {

using chunk::count_tokens;
using chunk::Piece;
using chunk::PieceKind;
using chunk::Section;

// Raised whenever the same document and options give other chunks than before.
constexpr int kRules = 1;

// Limits that hold together, whatever the caller asked for.
ChunkOptions sane(ChunkOptions options) {
  options.max_tokens = std::max(1, options.max_tokens);
  options.target_tokens = std::clamp(options.target_tokens, 1, options.max_tokens);
  options.overlap_tokens = std::clamp(options.overlap_tokens, 0, options.max_tokens / 2);
  return options;
}

// Sections shorter than this say too little to be found by themselves.
int tiny_tokens(const ChunkOptions& options) {
  return options.target_tokens / 8;
}

// Fills chunks with the pieces of one section after another.
class Packer {
 public:
  Packer(const Document& document, const Tokenizer& tokenizer, const ChunkOptions& options)
      : document_(document), text_(document.content.text), tokenizer_(tokenizer), options_(options) {}

  void pack(const Section& section) {
    section_ = &section;
    heading_ = chunk::joined_path(section.path);
    std::deque<Piece> waiting;
    int waiting_tokens = 0;
    for (const Block& block : section.blocks) {
      waiting.push_back({block.span, count_tokens(tokenizer_, text_, block.span), PieceKind::block, block.kind});
      waiting_tokens += waiting.back().tokens;
    }
    while (!waiting.empty() || !open_.empty()) {
      if (waiting.empty()) {
        waiting_tokens += close(waiting, false);
      } else {
        waiting_tokens = take_next(waiting, waiting_tokens);
      }
    }
  }

  std::vector<Chunk> finish() { return std::move(chunks_); }

 private:
  [[nodiscard]] bool fits(int tokens) const { return tokens_ + tokens <= options_.max_tokens; }
  // Something that was not said before, and more than headings.
  [[nodiscard]] bool has_body() const {
    return std::any_of(open_.begin(), open_.end(),
                       [](const Piece& piece) { return !piece.repeated && piece.block != BlockKind::heading; });
  }
  [[nodiscard]] bool only_repeats() const {
    return std::all_of(open_.begin(), open_.end(), [](const Piece& piece) { return piece.repeated; });
  }

  // Moves the next piece into the open chunk, or makes room for it. Returns the tokens that still wait.
  int take_next(std::deque<Piece>& waiting, int waiting_tokens) {
    const Piece next = waiting.front();
    if (fits(next.tokens)) {
      waiting.pop_front();
      waiting_tokens -= next.tokens;
      open_.push_back(next);
      tokens_ += next.tokens;
      // A rest that fits is no chunk of its own.
      if (tokens_ >= options_.target_tokens && has_body() && !fits(waiting_tokens)) {
        waiting_tokens += close(waiting, true);
      }
      return waiting_tokens;
    }
    const bool half_full = has_body() && tokens_ >= options_.target_tokens / 2;
    if (half_full || (has_body() && next.kind != PieceKind::block)) return waiting_tokens + close(waiting, true);
    if (next.kind == PieceKind::block) {
      return waiting_tokens + replace_front(waiting, sentence_pieces(text_, next, language(), tokenizer_));
    }
    if (!open_.empty() && only_repeats()) {
      forget_open();
      return waiting_tokens;
    }
    if (next.kind == PieceKind::fragment) {
      // Not even a fragment fits beside the headings; alone it may be one character that is longer than the limit.
      if (open_.empty()) {
        open_.push_back(next);
        waiting.pop_front();
        waiting_tokens -= next.tokens;
      }
      return waiting_tokens + close(waiting, false);
    }
    // Headings alone are open, or nothing is.
    const int room = options_.max_tokens - tokens_;
    if (room < options_.max_tokens / 2) return waiting_tokens + close(waiting, false);
    return waiting_tokens + replace_front(waiting, fragments(text_, next, room, tokenizer_));
  }

  // Returns by how many tokens the waiting pieces grew.
  static int replace_front(std::deque<Piece>& waiting, const std::vector<Piece>& pieces) {
    int grown = -waiting.front().tokens;
    waiting.pop_front();
    for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
      waiting.push_front(*piece);
      grown += piece->tokens;
    }
    return grown;
  }

  void forget_open() {
    open_.clear();
    tokens_ = 0;
  }

  // Makes a chunk of the open pieces; with `overlap` its last sentences open the next one. Pieces that turn out not to
  // fit go back to the waiting ones; returns their tokens.
  int close(std::deque<Piece>& waiting, bool overlap) {
    if (only_repeats()) {
      forget_open();
      return 0;
    }
    int given_back = 0;
    ByteSpan span{open_.front().span.start, open_.back().span.end};
    int tokens = count_tokens(tokenizer_, text_, span);
    // What stands between the pieces may count as well.
    while (tokens > options_.max_tokens && open_.size() > 1) {
      if (open_.front().repeated) {
        open_.erase(open_.begin());
      } else {
        given_back += open_.back().tokens;
        waiting.push_front(open_.back());
        open_.pop_back();
      }
      span = {open_.front().span.start, open_.back().span.end};
      tokens = count_tokens(tokenizer_, text_, span);
    }
    add_chunk(span, tokens);
    const std::vector<Piece> closed = std::exchange(open_, {});
    tokens_ = 0;
    if (overlap && given_back == 0) repeat_end_of(closed);
    return given_back;
  }

  // Opens the next chunk with the last whole sentences of the closed one.
  void repeat_end_of(const std::vector<Piece>& closed) {
    std::vector<Piece> repeats;  // last first
    for (auto piece = closed.rbegin(); piece != closed.rend(); ++piece) {
      const bool prose = piece->block == BlockKind::paragraph || piece->block == BlockKind::quote ||
                         piece->block == BlockKind::list_item;
      if (!prose || piece->kind == PieceKind::fragment) break;
      std::vector<Piece> sentences{*piece};
      if (piece->kind == PieceKind::block && piece->tokens > options_.overlap_tokens) {
        sentences = sentence_pieces(text_, *piece, language(), tokenizer_);
      }
      for (auto sentence = sentences.rbegin(); sentence != sentences.rend(); ++sentence) {
        const bool everything = piece + 1 == closed.rend() && sentence + 1 == sentences.rend();
        if (everything || tokens_ + sentence->tokens > options_.overlap_tokens) return open_repeats(repeats);
        repeats.push_back(*sentence);
        repeats.back().repeated = true;
        tokens_ += sentence->tokens;
      }
    }
    open_repeats(repeats);
  }
  void open_repeats(const std::vector<Piece>& repeats) { open_.assign(repeats.rbegin(), repeats.rend()); }

  void add_chunk(ByteSpan span, int tokens) {
    Chunk made;
    made.document_id = document_.id;
    made.ordinal = static_cast<int>(chunks_.size());
    made.span = span;
    made.tokens = tokens;
    made.heading = heading_;
    made.text = span.of(text_);
    const Block& first = block_at(span.start);
    made.page = first.page;
    made.line = first.line;
    if (first.line > 0 && first.kind == BlockKind::code) {
      const std::string_view before = text_.substr(first.span.start, span.start - first.span.start);
      made.line += static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    }
    chunks_.push_back(std::move(made));
  }

  // The section's block that holds `offset`.
  [[nodiscard]] const Block& block_at(std::size_t offset) const {
    const auto behind =
        std::upper_bound(section_->blocks.begin(), section_->blocks.end(), offset,
                         [](std::size_t place, const Block& block) { return place < block.span.start; });
    return behind == section_->blocks.begin() ? *behind : *(behind - 1);
  }

  [[nodiscard]] std::string_view language() const { return document_.language; }

  const Document& document_;
  std::string_view text_;
  const Tokenizer& tokenizer_;
  const ChunkOptions options_;
  const Section* section_ = nullptr;
  std::string heading_;
  std::vector<Piece> open_;  // of the chunk that is being filled, contiguous
  int tokens_ = 0;           // of the open pieces
  std::vector<Chunk> chunks_;
};

// Tokens of a section, or `limit` where it has at least that many.
int tokens_up_to(const Section& section, std::string_view text, const Tokenizer& tokenizer, int limit) {
  std::size_t bytes = 0;
  for (const Block& block : section.blocks) bytes += block.span.size();
  // So long a section is not worth counting: words are rarely longer than this.
  if (bytes > static_cast<std::size_t>(limit) * 16) return limit;
  int tokens = 0;
  for (const Block& block : section.blocks) tokens += count_tokens(tokenizer, text, block.span);
  return std::min(tokens, limit);
}

std::vector<std::string> parent(const std::vector<std::string>& path) {
  return path.empty() ? path : std::vector<std::string>(path.begin(), path.end() - 1);
}

// Neighbouring tiny sections under the same heading become one under that heading, up to `target` tokens; their own
// headings stay in the text.
std::vector<Section> with_tiny_ones_joined(std::vector<Section> sections, std::string_view text,
                                           const Tokenizer& tokenizer, const ChunkOptions& options) {
  std::vector<Section> joined;
  std::vector<std::string> tiny_parent;
  int joined_tokens = 0;  // of the last section, 0 if it is not tiny
  const int limit = tiny_tokens(options);
  for (Section& section : sections) {
    const bool may_join = section.path.size() > 1 && section.headings == 1;
    const int tokens = may_join ? tokens_up_to(section, text, tokenizer, limit) : limit;
    const bool tiny = tokens < limit;
    if (tiny && joined_tokens > 0 && joined_tokens + tokens <= options.target_tokens &&
        parent(section.path) == tiny_parent) {
      Section& into = joined.back();
      into.path = tiny_parent;
      into.blocks.insert(into.blocks.end(), section.blocks.begin(), section.blocks.end());
      joined_tokens += tokens;
      continue;
    }
    if (tiny) tiny_parent = parent(section.path);
    joined_tokens = tiny ? std::max(1, tokens) : 0;
    joined.push_back(std::move(section));
  }
  return joined;
}

}  // namespace

std::vector<Chunk> chunk_document(const Document& document, const Tokenizer& tokenizer, const ChunkOptions& options) {
  const ChunkOptions limits = sane(options);
  Packer packer(document, tokenizer, limits);
  const std::vector<Section> sections =
      with_tiny_ones_joined(chunk::sections_of(document.content), document.content.text, tokenizer, limits);
  for (const Section& section : sections) packer.pack(section);
  return packer.finish();
}

std::string chunker_version(const ChunkOptions& options) {
  const ChunkOptions limits = sane(options);
  return "rules " + std::to_string(kRules) + "; target " + std::to_string(limits.target_tokens) + "; max " +
         std::to_string(limits.max_tokens) + "; overlap " + std::to_string(limits.overlap_tokens) + "; " +
         text::segmenter_version();
}

}  // namespace attune
