#include "attune/rewrite/edits.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "attune/text.hpp"

namespace attune {
namespace {

// Pieces of two characters of Han at most, or whole words: "▁" is nobody's piece.
class PairTokenizer final : public Tokenizer {
 public:
  [[nodiscard]] Encoding encode(std::string_view text) const override {
    Encoding encoding;
    const auto units = text::edit_units(text);
    for (std::size_t i = 0; i < units.size(); ++i) {
      ByteSpan span = units[i];
      const bool is_han = static_cast<unsigned char>(text[span.start]) >= 0xE4;
      if (is_han && i + 1 < units.size() && units[i + 1].start == span.end) span.end = units[++i].end;
      encoding.ids.push_back(static_cast<std::int32_t>(10 + encoding.ids.size()));
      encoding.offsets.push_back(span);
    }
    return encoding;
  }
  [[nodiscard]] std::string_view piece(std::int32_t) const override { return ""; }
  [[nodiscard]] std::int32_t vocabulary_size() const override { return 1000; }
};

const EditShape kShape = {.lower_layers = 1, .upper_layers = 1, .turns = 3, .places = 2, .glue = 3, .layer = {2, 1, 2}};
const std::vector<std::string> kGlue = {"", "besides", "'s"};

Result<EditReading> read(const Conversation& conversation) {
  return read_conversation(conversation, PairTokenizer(), SequenceTemplate::roberta(0, 2), kShape);
}

std::vector<std::string> units_of(std::string_view text) {
  std::vector<std::string> units;
  for (const ByteSpan& span : text::edit_units(text)) units.emplace_back(span.of(text));
  return units;
}

// Everything is left alone, with some confidence; each test raises what it needs.
EditScores calm_scores(const EditReading& reading) {
  EditScores scores;
  scores.slots = reading.units.size() + 1;
  scores.sources = reading.sources.size();
  scores.until = copy_limits(reading.rows);
  scores.remove.assign(scores.slots - 1, -5);
  scores.insert.assign(scores.slots, -5);
  scores.start.assign(scores.slots * scores.sources, -9);
  scores.before.assign(scores.slots * kGlue.size(), -4);
  scores.after = scores.before;
  for (std::size_t slot = 0; slot < scores.slots; ++slot) {
    scores.before[slot * kGlue.size()] = scores.after[slot * kGlue.size()] = -0.1F;
  }
  scores.width = 1;
  scores.end_slot.assign(scores.slots, 1);
  scores.end_start.assign(scores.sources, 0);
  scores.end_key.assign(scores.sources, 0);
  return scores;
}

}  // namespace

TEST_CASE("edit units are characters of Han and words of others, an apostrophe begins its own") {
  CHECK(units_of("他用iPhone 5吗？") == std::vector<std::string>{"他", "用", "iPhone", "5", "吗", "？"});
  CHECK(units_of("Did Ann's dog, 3.5 kg, don't?") ==
        std::vector<std::string>{"Did", "Ann", "'s", "dog", ",", "3", ".", "5", "kg", ",", "don", "'t", "?"});
  CHECK(units_of("cafe\u0301 'x'") == std::vector<std::string>{"cafe\u0301", "'", "x", "'"});
  CHECK(units_of(" \t\u3000").empty());
}

TEST_CASE("a space stands between words, not beside Han or closing marks") {
  CHECK(text::space_between("did", "Ann"));
  CHECK_FALSE(text::space_between("Ann", "'s"));
  CHECK_FALSE(text::space_between("Ann", "?"));
  CHECK_FALSE(text::space_between("(", "Ann"));
  CHECK_FALSE(text::space_between("他", "iPhone"));
  CHECK_FALSE(text::space_between("iPhone", "吗"));
}

TEST_CASE("a conversation's rows know their turn, their place in a piece and their pieces") {
  const Conversation conversation{{"旧的", "黄少天 Ann", "好"}, "他用吗"};
  const auto reading = read(conversation);
  REQUIRE(reading);
  // <s> 旧的 </s> 黄少 天 Ann </s> 好 </s> 他用 吗 </s>
  CHECK(reading->ids.size() == 12);
  CHECK(reading->ids.front() == 0);
  CHECK(reading->ids.back() == 2);
  REQUIRE(reading->sources.size() == 7);
  CHECK(reading->sources[5].turn == 1);
  CHECK(conversation.history[1].substr(reading->sources[5].span.start) == "Ann");
  CHECK(reading->units.size() == 3);
  REQUIRE(reading->rows.size() == 15);
  const EditRow& second = reading->rows[5];  // 少: the second of its piece
  CHECK(second.kind == EditRow::Kind::history);
  CHECK(second.place == 1);
  CHECK(second.turn == 2);
  CHECK(reading->pieces[5] == reading->pieces[4]);
  CHECK(reading->rows[1].turn == 2);  // three turns ago: the last embedding is for all older
  CHECK(reading->rows.back().kind == EditRow::Kind::end);
  CHECK(copy_limits(reading->rows) == std::vector<std::size_t>{2, 2, 6, 6, 6, 6, 7});
  std::vector<float> states(reading->ids.size() * 2);
  for (std::size_t i = 0; i < states.size(); ++i) states[i] = static_cast<float>(i);
  const std::vector<float> rows = reading->rows_of(states, 2);
  CHECK(rows[5 * 2] == states[reading->pieces[5].first * 2]);
}

TEST_CASE("only the latest turns are read, and a question without words or without end is refused") {
  Conversation conversation{{}, "why"};
  for (int turn = 0; turn < 9; ++turn) conversation.history.push_back("turn " + std::to_string(turn));
  const auto reading = read(conversation);
  REQUIRE(reading);
  CHECK(reading->sources.size() == 2 * kMostEditTurns);
  CHECK(reading->sources.front().turn == 3);
  CHECK(read({{}, " \n"}).error().kind == ErrorKind::bad_input);
  std::string endless;
  for (int word = 0; word < 200; ++word) endless += "word ";
  CHECK(read({{}, endless}).error().kind == ErrorKind::too_large);
  conversation.history.back() = endless;
  CHECK(read(conversation)->sources.size() == kMostTurnPieces + 2 * (kMostEditTurns - 1));
}

TEST_CASE("the search finds the likeliest edits, and applying them writes them with their origin") {
  const Conversation conversation{{"黄少天的角色是谁", "不知道"}, "他用那个角色"};
  const auto reading = read(conversation);
  REQUIRE(reading);
  EditScores scores = calm_scores(*reading);
  const double unchanged = unchanged_log_probability(scores);
  CHECK(search_edits(scores).front().empty());
  CHECK(search_edits(scores).front().log_probability == doctest::Approx(unchanged));
  CHECK(apply_edits(conversation, *reading, search_edits(scores).front(), kGlue).text == conversation.question);

  scores.remove[0] = 3;
  scores.insert[0] = 2;
  scores.start[0] = -0.1F;
  scores.end_key[2] = 8;  // 天
  const auto found = search_edits(scores, 4);
  REQUIRE(found.size() == 4);
  CHECK(found[0].log_probability > found[1].log_probability);
  const EditedText edited = apply_edits(conversation, *reading, found[0], kGlue);
  CHECK(edited.text == "黄少天用那个角色");
  REQUIRE(edited.copied.size() == 1);
  CHECK(edited.copied[0].turn == 0);
  CHECK(edited.copied[0].output.end == std::string("黄少天").size());
  CHECK(edited.copied[0].source.end == std::string("黄少天").size());
  // A beam of one takes the same way where nothing is close.
  CHECK(apply_edits(conversation, *reading, search_edits(scores, 1).front(), kGlue).text == edited.text);
}

TEST_CASE("insertions with short words are spaced as English is written") {
  const Conversation conversation{{"Ann Lee has a dog"}, "What is her name?"};
  const auto reading = read(conversation);
  REQUIRE(reading);
  Edits edits{.remove = {false, false, true, false, false}, .insertions = {{2, 0, 1, 0, 2}}};
  CHECK(apply_edits(conversation, *reading, edits, kGlue).text == "What is Ann Lee's name?");
  edits = {.remove = std::vector<bool>(5, false), .insertions = {{4, 4, 4, 1, 0}}};
  CHECK(apply_edits(conversation, *reading, edits, kGlue).text == "What is her name besides dog?");
}

TEST_CASE(
    "alignment: what was copied stands where it was attended to, and the same words elsewhere with their weight") {
  const Conversation conversation{{"Tom swims", "does Tom swim"}, "he runs"};
  const auto reading = read(conversation);
  REQUIRE(reading);
  EditScores scores = calm_scores(*reading);
  Edits edits;
  edits.remove.assign(scores.slots - 1, false);
  std::vector<std::size_t> toms;
  for (std::size_t i = 0; i < reading->sources.size(); ++i) {
    const auto& source = reading->sources[i];
    if (source.span.of(conversation.history[source.turn]) == "Tom") toms.push_back(i);
  }
  REQUIRE(toms.size() == 2);
  scores.start[toms[0]] = std::log(0.7F);
  scores.start[toms[1]] = std::log(0.2F);
  edits.insertions.push_back({.slot = 0, .first = toms[0], .last = toms[0]});
  EditedText edited = apply_edits(conversation, *reading, edits, kGlue);
  align(conversation, *reading, edits, scores, edited);
  REQUIRE(edited.copied.size() == 1);
  CHECK(edited.copied[0].weight == doctest::Approx(0.7));
  REQUIRE(edited.copied[0].also.size() == 1);
  CHECK(edited.copied[0].also[0].weight == doctest::Approx(0.2));
  CHECK(edited.copied[0].also[0].turn != edited.copied[0].turn);
  CHECK(edited.copied[0].also[0].source.of(conversation.history[edited.copied[0].also[0].turn]) == "Tom");
}

}  // namespace attune
