#include "attune/explain/contexts.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "attune/explain.hpp"
#include "attune/model.hpp"

#include "explain/json_numbers.hpp"
#include "explain/token_labels.hpp"

namespace attune {
namespace {

using explain::fixed;

constexpr std::size_t kMostTexts = 16;
constexpr std::size_t kTextColumns = 28;

// The word's state at each layer [L + 1, W].
Result<std::vector<float>> states_of(const Encoder& encoder, const std::string& word, const std::string& text) {
  const std::size_t start = text.find(word);
  if (word.empty() || start == std::string::npos) {
    return Error{ErrorKind::bad_input, "'" + word + "' does not stand in '" + text + "'"};
  }
  const ByteSpan wanted{start, start + word.size()};
  const Encoding encoding = encoder.tokenizer().encode(text);
  const auto input = build_input(encoder.sequence_template(), encoding, {.max_tokens = kMaxExplainedTokens});
  if (!input) return input.error();
  if (input->left_out > 0) return Error{ErrorKind::too_large, "'" + text + "' is too long to be explained"};
  std::vector<std::size_t> tokens;
  for (std::size_t i = 0; i < input->ids.size(); ++i) {
    const ByteSpan span = input->offsets[i];
    if (input->sequences[i] >= 0 && span.start < wanted.end && span.end > wanted.start) tokens.push_back(i);
  }
  if (tokens.empty()) return Error{ErrorKind::bad_input, "no token stands for '" + word + "'"};
  const std::size_t width = encoder.description().width;
  std::vector<float> means;
  std::vector<float> states(input->ids.size() * width);
  const Encoder::Sequence sequence{input->ids, {}};
  for (std::size_t layer = 0; layer <= encoder.description().layers; ++layer) {
    const Status read = encoder.states(std::span(&sequence, 1), {.threads = 1}, layer, states);
    if (!read) return read.error();
    std::vector<float> mean(width, 0.0F);
    for (const std::size_t token : tokens) {
      for (std::size_t i = 0; i < width; ++i) mean[i] += states[token * width + i];
    }
    means.insert(means.end(), mean.begin(), mean.end());
  }
  return means;
}

float cosine(std::span<const float> a, std::span<const float> b) {
  const double dot = std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  const double sizes = std::sqrt(std::inner_product(a.begin(), a.end(), a.begin(), 0.0) *
                                 std::inner_product(b.begin(), b.end(), b.begin(), 0.0));
  return sizes > 0 ? static_cast<float>(dot / sizes) : 0;
}

}  // namespace

Result<ContextComparison> compare_contexts(const std::filesystem::path& model, const ContextRequest& request) {
  if (request.texts.empty() || request.texts.size() > kMostTexts || request.like.size() > kMostTexts) {
    return Error{ErrorKind::bad_input, "from 1 to " + std::to_string(kMostTexts) + " texts can be compared"};
  }
  const auto encoder = Encoder::open(model, {.precision = nn::Precision::f32});
  if (!encoder) return encoder.error();
  const std::size_t width = (*encoder)->description().width;
  ContextComparison out;
  out.model = (*encoder)->description().name;
  out.request = request;
  out.layers = (*encoder)->description().layers;
  std::vector<std::vector<float>> contexts;
  std::vector<std::vector<float>> like;
  for (const std::string& text : request.texts) {
    auto states = states_of(**encoder, request.word, text);
    if (!states) return states.error();
    contexts.push_back(std::move(*states));
  }
  for (const std::string& word : request.like) {
    auto states = states_of(**encoder, word, word);
    if (!states) return states.error();
    like.push_back(std::move(*states));
  }
  for (std::size_t layer = 0; layer <= out.layers; ++layer) {
    const auto at = [&](const std::vector<float>& states) { return std::span(states).subspan(layer * width, width); };
    for (const auto& context : contexts) {
      out.same.push_back(cosine(at(contexts.front()), at(context)));
      for (const auto& word : like) out.like.push_back(cosine(at(context), at(word)));
    }
  }
  return out;
}

std::string contexts_text(const ContextComparison& c) {
  const ContextRequest& request = c.request;
  std::string text = "“" + request.word + "” in " + std::to_string(request.texts.size()) + " contexts, read by " +
                     c.model +
                     ": cosines of its state, layer by layer. Layer 0 is the embedding, which knows no context.\n\n";
  text += explain::padded("", kTextColumns) + "  layer";
  for (std::size_t layer = 0; layer <= c.layers; ++layer)
    text += (layer < 10 ? "     " : "    ") + std::to_string(layer);
  text += "\n";
  const auto row = [&](const std::string& label, const std::string& what, const auto& value) {
    text += explain::padded(label, kTextColumns) + "  " + explain::padded(what, 6);
    for (std::size_t layer = 0; layer <= c.layers; ++layer) {
      const std::string number = fixed(value(layer), 2);
      text += std::string(6 - std::min<std::size_t>(number.size(), 6), ' ') + number;
    }
    text += "\n";
  };
  const std::size_t texts = request.texts.size();
  for (std::size_t i = 0; i < texts; ++i) {
    std::string label = request.texts[i];  // once
    const auto next = [&] { return std::exchange(label, ""); };
    if (i > 0) row(next(), "first", [&](std::size_t layer) { return c.same[layer * texts + i]; });
    for (std::size_t k = 0; k < request.like.size(); ++k) {
      row(next(), request.like[k], [&](std::size_t layer) { return c.like_at(layer, i, k); });
    }
  }
  if (request.like.size() < 2) return text;
  text += "\nIn the last layer it is\n";
  for (std::size_t i = 0; i < texts; ++i) {
    std::size_t best = 0;
    for (std::size_t k = 1; k < request.like.size(); ++k) {
      if (c.like_at(c.layers, i, k) > c.like_at(c.layers, i, best)) best = k;
    }
    text += "  most like “" + request.like[best] + "” in “" + request.texts[i] + "”\n";
  }
  return text;
}

std::string contexts_json(const ContextComparison& c) {
  const std::size_t texts = c.request.texts.size();
  nlohmann::ordered_json json = {{"model", c.model},
                                 {"word", c.request.word},
                                 {"texts", c.request.texts},
                                 {"like", c.request.like},
                                 {"layers", c.layers}};
  json["same"] = explain::matrix_json(c.same, texts);
  json["likeness"] = nlohmann::ordered_json::array();
  const std::size_t cells = texts * c.request.like.size();
  for (std::size_t layer = 0; layer <= c.layers && cells > 0; ++layer) {
    json["likeness"].push_back(
        explain::matrix_json(std::span(c.like).subspan(layer * cells, cells), c.request.like.size()));
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace attune
