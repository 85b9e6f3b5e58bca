// Alignment and recurrence for programs: every number in full.
#include "explain/json_numbers.hpp"
#include "explain/sequence_parts.hpp"

namespace attune {
namespace {

using Json = nlohmann::ordered_json;
using explain::matrix_json;
using explain::numbers_json;

Json heading_json(const SequenceExplanation& e) {
  return {{"model", e.model},       {"architecture", name_of(e.shape.architecture)}, {"source", e.source},
          {"text", e.written.text}, {"log_probability", e.written.log_probability},  {"columns", e.columns},
          {"rows", e.rows}};
}

Json words_json(const SequenceExplanation& e, const WrittenText& written) {
  Json words = Json::array();
  for (std::size_t i = 0; i < written.trace.words.size(); ++i) {
    const GeneratedWord& word = written.trace.words[i];
    words.push_back({{"word", e.rows[i]},
                     {"probability", word.probability},
                     {"generated", explain::shortest(word.generated)},
                     {"weights", numbers_json(word.weights)},
                     {"context", numbers_json(word.context)}});
  }
  return words;
}

Json heads_json(const SequenceExplanation& e, const WrittenText& written) {
  Json heads = Json::array();
  const std::size_t columns = e.columns.size();
  for (std::size_t layer = 0; layer < written.trace.across_hmn.size(); ++layer) {
    for (std::size_t head = 0; head < e.shape.layer.heads; ++head) {
      const auto weights = explain::head_of(e, written, layer, head);
      heads.push_back({{"layer", layer + 1},
                       {"head", head + 1},
                       {"sharpness", explain::shortest(explain::sharpness(weights, columns))},
                       {"weights", matrix_json(weights, columns)}});
    }
  }
  return heads;
}

Json written_json(const SequenceExplanation& e, const WrittenText& written) {
  return {{"words", words_json(e, written)},
          {"states", matrix_json(written.trace.states_nw, e.shape.layer.width)},
          {"heads", heads_json(e, written)}};
}

}  // namespace

std::string alignment_json(const SequenceExplanation& e) {
  Json json = heading_json(e);
  json.update(written_json(e, e.written));
  json["before_training"] = e.untrained ? written_json(e, *e.untrained) : Json(nullptr);
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> recurrence_json(const SequenceExplanation& e) {
  if (const Status fine = explain::check_recurrent(e); !fine) return fine.error();
  const SequenceTrace& trace = e.written.trace;
  Json json = heading_json(e);
  json["states"] = matrix_json(trace.forward_nh, e.shape.layer.width / 2);
  json["kept"] = numbers_json(trace.kept_n);
  json["influence"] = matrix_json(trace.influence_nn, e.columns.size());
  json["first_word_left"] = numbers_json(explain::first_word_left(trace));
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace attune
