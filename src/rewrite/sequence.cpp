#include "attune/rewrite/sequence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "attune/core/file.hpp"
#include "attune/text.hpp"

namespace attune {
namespace {

constexpr std::uint32_t kNoWord = std::numeric_limits<std::uint32_t>::max();  // of a mark: nothing to copy

// What edit layers would read has the same rows: marks around turns, units between.
Result<SequenceReading> read_with_states(const Conversation& conversation, const SequenceShape& shape,
                                         const Encoder& encoder) {
  EditShape rows;
  rows.turns = shape.turns;
  const auto reading = read_conversation(conversation, encoder.tokenizer(), encoder.sequence_template(), rows);
  if (!reading) return reading.error();
  std::vector<float> states(reading->ids.size() * shape.state_width);
  const Encoder::Sequence sequence{reading->ids, {}};
  const Status read = encoder.states(std::span(&sequence, 1), {.threads = 1}, shape.lower_layers, states);
  if (!read) return read.error();
  SequenceReading out;
  auto source = reading->sources.begin();
  auto unit = reading->units.begin();
  for (const EditRow& row : reading->rows) {
    SequenceRow& to = out.rows.emplace_back();
    out.turns.push_back(row.turn);
    if (row.kind == EditRow::Kind::history) {
      to = {std::string(source->span.of(conversation.history[source->turn])), source->turn, source->span};
      ++source;
    } else if (row.kind == EditRow::Kind::question) {
      to = {std::string(unit->of(conversation.question)), conversation.history.size(), *unit};
      ++unit;
    }
  }
  out.states = reading->rows_of(states, shape.state_width);
  return out;
}

}  // namespace

std::vector<std::string> SequenceVocabulary::first_words() {
  return {"<s>", "</s>", "<unk>"};
}

SequenceVocabulary::SequenceVocabulary(std::span<const std::string> words) {
  for (std::size_t i = kUnknownWord + 1; i < words.size(); ++i) ids_.emplace(words[i], static_cast<std::uint32_t>(i));
}

std::uint32_t SequenceVocabulary::find(const std::string& word) const {
  const auto found = ids_.find(word);
  return found == ids_.end() ? kUnknownWord : found->second;
}

Result<SequenceReading> read_sequence(const Conversation& conversation, const SequenceShape& shape,
                                      const Encoder* encoder) {
  SequenceReading reading;
  if (encoder != nullptr) {
    auto read = read_with_states(conversation, shape, *encoder);
    if (!read) return read.error();
    reading = std::move(*read);
  } else {
    const std::size_t turns = conversation.history.size();
    for (std::size_t turn = 0; turn <= turns; ++turn) {
      const std::string& said = turn < turns ? conversation.history[turn] : conversation.question;
      for (const ByteSpan& unit : text::edit_units(said)) {
        reading.rows.push_back({std::string(unit.of(said)), turn, unit});
      }
      if (turn < turns) reading.rows.push_back({"", turn, {}});
    }
    for (const SequenceRow& row : reading.rows) {
      reading.turns.push_back(static_cast<std::uint8_t>(std::min<std::size_t>(turns - row.turn, 255)));
    }
  }
  if (reading.rows.empty()) return Error{ErrorKind::bad_input, "there is nothing to read"};
  if (reading.rows.size() > kMostSequenceRows) {
    return Error{ErrorKind::too_large, "the source has more than " + std::to_string(kMostSequenceRows) + " words"};
  }
  return reading;
}

SequenceSource number_words(SequenceReading& reading, const SequenceVocabulary& source,
                            const SequenceVocabulary& target, const SequenceShape& shape,
                            std::vector<std::string>& extra) {
  SequenceSource out;
  extra.clear();
  for (const SequenceRow& row : reading.rows) {
    out.words.push_back(row.text.empty() ? kBeginWord : source.find(row.text));
    if (!shape.copies) continue;
    std::uint32_t copied = row.text.empty() ? kNoWord : target.find(row.text);
    if (copied == kUnknownWord) {
      const auto found = std::ranges::find(extra, row.text);
      copied = static_cast<std::uint32_t>(shape.target_words + static_cast<std::size_t>(found - extra.begin()));
      if (found == extra.end()) extra.push_back(row.text);
    }
    out.copied.push_back(copied);
  }
  out.extra_words = extra.size();
  if (shape.turns > 1) out.turns = std::move(reading.turns);
  out.states = std::move(reading.states);
  return out;
}

std::vector<std::uint32_t> number_target(std::string_view text, const SequenceVocabulary& target,
                                         const SequenceShape& shape, std::span<const std::string> extra) {
  std::vector<std::uint32_t> ids;
  for (const ByteSpan& unit : text::edit_units(text)) {
    const std::string word(unit.of(text));
    ids.push_back(target.find(word));
    const auto found = std::ranges::find(extra, word);
    if (ids.back() == kUnknownWord && found != extra.end()) {
      ids.back() = static_cast<std::uint32_t>(shape.target_words + static_cast<std::size_t>(found - extra.begin()));
    }
  }
  return ids;
}

std::string join_words(std::span<const std::string> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && text::space_between(words[i - 1], words[i])) text += ' ';
    text += words[i];
  }
  return text;
}

namespace {

class FileWriter final : public SequenceWriter {
 public:
  FileWriter(SequenceModel model, std::unique_ptr<Encoder> encoder)
      : model_(std::move(model)),
        encoder_(std::move(encoder)),
        source_(model_.source_words),
        target_(model_.target_words),
        layers_(SequenceLayers::pack(model_)) {}

  Result<std::string> write(const Conversation& conversation, const SequenceSearch& search) const override {
    auto found = find(conversation, search);
    if (!found) return found.error();
    return join_words(found->words);
  }

  Result<WrittenText> trace(const Conversation& conversation, std::string_view target,
                            const SequenceSearch& search) const override {
    return traced(*layers_, conversation, target, search);
  }

  Result<WrittenText> trace_untrained(const Conversation& conversation, std::string_view target) const override {
    SequenceModel fresh;
    fresh.shape = model_.shape;
    fresh.weights = first_sequence_weights(model_.shape, model_.seed);
    return traced(*SequenceLayers::pack(fresh), conversation, target, {});
  }

  const SequenceModel& model() const override { return model_; }

 private:
  struct Found {
    SequenceReading reading;
    SequenceSource source;
    std::vector<std::string> extra;
    std::vector<std::uint32_t> ids;
    std::vector<std::string> words;
    double log_probability = 0;
  };

  [[nodiscard]] Result<Found> read(const Conversation& conversation) const {
    Found found;
    auto reading = read_sequence(conversation, model_.shape, encoder_.get());
    if (!reading) return reading.error();
    found.reading = std::move(*reading);
    found.source = number_words(found.reading, source_, target_, model_.shape, found.extra);
    return found;
  }

  [[nodiscard]] Result<Found> find(const Conversation& conversation, const SequenceSearch& search) const {
    auto found = read(conversation);
    if (!found) return found;
    const auto written = layers_->generate(found->source, search);
    if (!written) return written.error();
    for (const GeneratedWord& word : written->front().words) {
      found->ids.push_back(word.word);
      found->words.push_back(word.word < model_.target_words.size()
                                 ? model_.target_words[word.word]
                                 : found->extra[word.word - model_.target_words.size()]);
    }
    found->log_probability = written->front().log_probability;
    return found;
  }

  [[nodiscard]] Result<WrittenText> traced(const SequenceLayers& layers, const Conversation& conversation,
                                           std::string_view target, const SequenceSearch& search) const {
    auto found = target.empty() ? find(conversation, search) : read(conversation);
    if (!found) return found.error();
    if (!target.empty()) {
      for (const ByteSpan& unit : text::edit_units(target)) found->words.emplace_back(unit.of(target));
      found->ids = number_target(target, target_, model_.shape, found->extra);
    }
    auto trace = layers.trace(found->source, found->ids);
    if (!trace) return trace.error();
    WrittenText out;
    out.text = join_words(found->words);
    out.source = std::move(found->reading.rows);
    out.words = std::move(found->words);
    for (const GeneratedWord& word : trace->words) out.log_probability += std::log(std::max(word.probability, 1e-30));
    out.trace = std::move(*trace);
    return out;
  }

  SequenceModel model_;
  std::unique_ptr<Encoder> encoder_;  // nullptr: it reads words alone
  SequenceVocabulary source_, target_;
  std::unique_ptr<SequenceLayers> layers_;
};

}  // namespace

Result<std::unique_ptr<SequenceWriter>> SequenceWriter::open(const std::filesystem::path& file,
                                                             const std::filesystem::path& embedder, int threads) {
  auto model = load_sequence_model(file);
  if (!model) return model.error();
  std::unique_ptr<Encoder> encoder;
  if (model->shape.state_width > 0) {
    auto opened = Encoder::open(embedder, {.threads = threads});
    if (!opened) return opened.error();
    encoder = *std::move(opened);
    if (encoder->description().identity != model->base) {
      return Error{ErrorKind::conflict, "'" + to_utf8(file) + "' was trained above " + model->base + ", not above " +
                                            encoder->description().identity};
    }
  }
  return std::unique_ptr<SequenceWriter>(std::make_unique<FileWriter>(std::move(*model), std::move(encoder)));
}

}  // namespace attune
