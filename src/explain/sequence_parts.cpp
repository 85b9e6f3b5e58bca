#include "explain/sequence_parts.hpp"

#include <algorithm>
#include <cmath>

namespace attune {

Result<SequenceExplanation> explain_sequence(const SequenceWriter& writer, const SequenceRequest& request) {
  auto written = writer.trace(request.conversation, request.target);
  if (!written) return written.error();
  if (written->source.size() > kMaxExplainedTokens || written->words.size() > kMaxExplainedTokens) {
    return Error{ErrorKind::too_large,
                 "more than " + std::to_string(kMaxExplainedTokens) + " words make pictures that nobody can read"};
  }
  SequenceExplanation out;
  out.model = writer.model().name;
  out.shape = writer.model().shape;
  out.source = request.conversation.question;
  for (const SequenceRow& row : written->source) out.columns.push_back(row.text.empty() ? "|" : row.text);
  out.rows = written->words;
  out.rows.emplace_back("</s>");
  if (request.untrained) {
    auto before = writer.trace_untrained(request.conversation, written->text);
    if (!before) return before.error();
    out.untrained = std::move(*before);
  }
  out.written = std::move(*written);
  return out;
}

}  // namespace attune

namespace attune::explain {

std::vector<float> alignment_of(const WrittenText& written) {
  std::vector<float> weights;
  for (const GeneratedWord& word : written.trace.words) {
    weights.insert(weights.end(), word.weights.begin(), word.weights.end());
  }
  return weights;
}

std::span<const float> head_of(const SequenceExplanation& explanation, const WrittenText& written, std::size_t layer,
                               std::size_t head) {
  const std::size_t cells = explanation.rows.size() * explanation.columns.size();
  return std::span(written.trace.across_hmn[layer]).subspan(head * cells, cells);
}

float sharpness(std::span<const float> weights_mn, std::size_t columns) {
  if (columns < 2 || weights_mn.empty()) return 1;
  double entropy = 0;
  for (const float weight : weights_mn) {
    if (weight > 0) entropy -= static_cast<double>(weight) * std::log(static_cast<double>(weight));
  }
  const double rows = static_cast<double>(weights_mn.size()) / static_cast<double>(columns);
  return static_cast<float>(1 - entropy / rows / std::log(static_cast<double>(columns)));
}

std::vector<float> remembered(const SequenceTrace& trace) {
  std::vector<float> shares = trace.influence_nn;
  const std::size_t steps = trace.kept_n.size();
  for (std::size_t t = 0; t < steps; ++t) {
    const std::span<float> row = std::span(shares).subspan(t * steps, steps);
    const float most = std::max(*std::ranges::max_element(row), 1e-30F);
    for (float& share : row) share /= most;
  }
  return shares;
}

std::vector<float> first_word_left(const SequenceTrace& trace) {
  std::vector<float> left;
  const std::size_t steps = trace.kept_n.size();
  const float whole = std::max(trace.influence_nn.front(), 1e-30F);
  for (std::size_t t = 0; t < steps; ++t) left.push_back(trace.influence_nn[t * steps] / whole);
  return left;
}

Status check_recurrent(const SequenceExplanation& explanation) {
  if (!explanation.shape.attends()) return {};
  return Error{ErrorKind::unsupported,
               "a transformer carries no state from word to word; an rnn or rnn-attention does"};
}

}  // namespace attune::explain
