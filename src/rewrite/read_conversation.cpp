// A conversation cut into pieces for the lower layers and into rows for those above.
#include <algorithm>

#include "attune/rewrite/edits.hpp"
#include "attune/text.hpp"

namespace attune {
namespace {

// One turn: its pieces, as many as it may have, and the units that lie within them.
struct Turn {
  Encoding pieces;
  std::vector<ByteSpan> units;
};

Turn cut_turn(const std::string& text, const Tokenizer& tokenizer, std::size_t most_pieces) {
  Turn turn{tokenizer.encode(text), text::edit_units(text)};
  if (turn.pieces.ids.size() <= most_pieces) return turn;
  turn.pieces.ids.resize(most_pieces);
  turn.pieces.offsets.resize(most_pieces);
  const std::size_t end = turn.pieces.offsets.empty() ? 0 : turn.pieces.offsets.back().end;
  std::erase_if(turn.units, [&](const ByteSpan& unit) { return unit.end > end; });
  return turn;
}

class Reader {
 public:
  Reader(const SequenceTemplate& around, const EditShape& shape) : shape_(shape) {
    for (const SequenceTemplate::Part& part : around.single) {
      if (part.kind != SequenceTemplate::Kind::special) continue;
      if (begin_ < 0) begin_ = part.id;
      end_ = part.id;
    }
  }

  void begin(std::size_t turns_ago) { mark(begin_, EditRow::Kind::mark, turns_ago); }
  void add(const Turn& turn, EditRow::Kind kind, std::size_t turns_ago) {
    const std::size_t base = reading_.ids.size();
    const auto& offsets = turn.pieces.offsets;
    reading_.ids.insert(reading_.ids.end(), turn.pieces.ids.begin(), turn.pieces.ids.end());
    std::size_t before = offsets.size();  // the piece in which the unit before began
    std::size_t place = 0;
    std::size_t first = 0;
    for (const ByteSpan& unit : turn.units) {
      while (first < offsets.size() && offsets[first].end <= unit.start) ++first;
      std::size_t last = first;
      while (last < offsets.size() && offsets[last].start < unit.end) ++last;
      place = first == before ? place + 1 : 0;
      before = first;
      // What the tokenizer leaves out has no piece: the mark behind the turn stands for it.
      const std::size_t end = std::max(last, first + 1);
      reading_.rows.push_back(
          {kind, turn_of(turns_ago), static_cast<std::uint8_t>(std::min(place, shape_.places - 1))});
      reading_.pieces.emplace_back(base + first, base + end);
    }
  }
  void end(EditRow::Kind kind, std::size_t turns_ago) { mark(end_, kind, turns_ago); }

  EditReading& reading() { return reading_; }

 private:
  [[nodiscard]] std::uint8_t turn_of(std::size_t turns_ago) const {
    return static_cast<std::uint8_t>(std::min(turns_ago, shape_.turns - 1));
  }
  void mark(std::int32_t id, EditRow::Kind kind, std::size_t turns_ago) {
    reading_.ids.push_back(id);
    reading_.rows.push_back({kind, turn_of(turns_ago), 0});
    reading_.pieces.emplace_back(reading_.ids.size() - 1, reading_.ids.size());
  }

  const EditShape& shape_;
  std::int32_t begin_ = -1;
  std::int32_t end_ = -1;
  EditReading reading_;
};

}  // namespace

Result<EditReading> read_conversation(const Conversation& conversation, const Tokenizer& tokenizer,
                                      const SequenceTemplate& around, const EditShape& shape) {
  Turn question = cut_turn(conversation.question, tokenizer, kMostQuestionPieces + 1);
  if (question.units.empty()) return Error{ErrorKind::bad_input, "there is no question"};
  if (question.pieces.ids.size() > kMostQuestionPieces) {
    return Error{ErrorKind::too_large, "the question is too long to be rewritten"};
  }
  std::vector<Turn> turns;  // the latest first
  std::size_t room = kMostHistoryPieces;
  for (std::size_t ago = 1; ago <= std::min(conversation.history.size(), kMostEditTurns); ++ago) {
    const std::string& text = conversation.history[conversation.history.size() - ago];
    turns.push_back(cut_turn(text, tokenizer, std::min(room, kMostTurnPieces)));
    room -= turns.back().pieces.ids.size();
    if (room == 0) break;
  }
  Reader reader(around, shape);
  reader.begin(turns.size());
  for (std::size_t ago = turns.size(); ago > 0; --ago) {
    const Turn& turn = turns[ago - 1];
    reader.add(turn, EditRow::Kind::history, ago);
    reader.end(EditRow::Kind::mark, ago);
    for (const ByteSpan& unit : turn.units) {
      reader.reading().sources.push_back({conversation.history.size() - ago, unit});
    }
  }
  reader.add(question, EditRow::Kind::question, 0);
  reader.end(EditRow::Kind::end, 0);
  reader.reading().units = std::move(question.units);
  return std::move(reader.reading());
}

std::vector<float> EditReading::rows_of(std::span<const float> states, std::size_t width) const {
  std::vector<float> means(rows.size() * width, 0.0F);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto [first, end] = pieces[row];
    const float share = 1 / static_cast<float>(end - first);
    for (std::size_t piece = first; piece < end; ++piece) {
      for (std::size_t i = 0; i < width; ++i) means[row * width + i] += share * states[piece * width + i];
    }
  }
  return means;
}

}  // namespace attune
