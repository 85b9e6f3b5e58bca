// An encoder's weights out of named tensors: the names that BERT, RoBERTa and DistilBERT gave them.
#include <algorithm>
#include <set>

#include "model/encoder_config.hpp"

namespace attune {
namespace {

struct LayerNames {
  const char* layers;  // what stands before a layer's number
  const char* query;
  const char* key;
  const char* value;
  const char* attention_output;
  const char* attention_norm;
  const char* feed_forward_in;
  const char* feed_forward_out;
  const char* output_norm;
};
constexpr LayerNames kBertNames = {.layers = "encoder.layer.",
                                   .query = "attention.self.query",
                                   .key = "attention.self.key",
                                   .value = "attention.self.value",
                                   .attention_output = "attention.output.dense",
                                   .attention_norm = "attention.output.LayerNorm",
                                   .feed_forward_in = "intermediate.dense",
                                   .feed_forward_out = "output.dense",
                                   .output_norm = "output.LayerNorm"};
constexpr LayerNames kDistilBertNames = {.layers = "transformer.layer.",
                                         .query = "attention.q_lin",
                                         .key = "attention.k_lin",
                                         .value = "attention.v_lin",
                                         .attention_output = "attention.out_lin",
                                         .attention_norm = "sa_layer_norm",
                                         .feed_forward_in = "ffn.lin1",
                                         .feed_forward_out = "ffn.lin2",
                                         .output_norm = "output_layer_norm"};
constexpr std::string_view kWords = "embeddings.word_embeddings.weight";

// Where the encoder's tensors stand: "bert." before "bert.encoder.layer.0…". Heads stand one level further out.
Result<std::string> find_prefix(const TensorTable& tensors) {
  std::optional<std::string> prefix;
  for (const auto& [name, view] : tensors.views()) {
    const bool dotted =
        name.size() == kWords.size() || (name.size() > kWords.size() && name[name.size() - kWords.size() - 1] == '.');
    if (!name.ends_with(kWords) || !dotted) continue;
    if (prefix) return tensor_error(name, "is a second table of words: more than one encoder", ErrorKind::unsupported);
    prefix = name.substr(0, name.size() - kWords.size());
  }
  if (!prefix) return tensor_error(std::string(kWords), "is missing, under any prefix");
  return *prefix;
}

std::string outside_of(const std::string& prefix) {
  if (prefix.empty()) return prefix;
  const std::size_t dot = prefix.rfind('.', prefix.size() - 2);
  return dot == std::string::npos ? "" : prefix.substr(0, dot + 1);
}

// Takes tensors one after the other, remembers the first failure and which names were taken.
class Collector {
 public:
  explicit Collector(const TensorTable& tensors) : tensors_(tensors) {}

  WeightMatrix matrix(const std::string& name, std::size_t rows, std::size_t columns) {
    return keep(name, tensors_.matrix(name, rows, columns));
  }
  std::vector<float> vector(const std::string& name, std::size_t size) {
    return keep(name, tensors_.vector(name, size));
  }
  std::vector<float> rows(const std::string& name, const TensorTable::Rows& wanted) {
    return keep(name, tensors_.rows(name, wanted));
  }
  LinearParameters linear(const std::string& name, std::size_t rows, std::size_t columns) {
    LinearParameters linear;
    linear.weight = matrix(name + ".weight", rows, columns);
    linear.bias = vector(name + ".bias", rows);
    return linear;
  }
  // Checkpoints from TensorFlow's days say gamma and beta.
  NormParameters norm(const std::string& name, std::size_t width) {
    const bool old = tensors_.find(name + ".weight") == nullptr && tensors_.find(name + ".gamma") != nullptr;
    NormParameters norm;
    norm.scale = vector(name + (old ? ".gamma" : ".weight"), width);
    norm.shift = vector(name + (old ? ".beta" : ".bias"), width);
    return norm;
  }
  [[nodiscard]] bool took(const std::string& name) const { return taken_.contains(name); }
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  template <typename T>
  T keep(const std::string& name, Result<T> found) {
    taken_.insert(name);
    if (found) return std::move(found).value();
    if (status_) status_ = found.error();
    return {};
  }

  const TensorTable& tensors_;
  std::set<std::string> taken_;
  Status status_;
};

void collect_embeddings(Collector& collector, const std::string& prefix, EncoderWeights& weights) {
  const EncoderShape& shape = weights.shape;
  const std::string at = prefix + "embeddings.";
  weights.words = collector.matrix(at + "word_embeddings.weight", shape.vocabulary, shape.width);
  const std::size_t rows = shape.first_position + shape.positions;
  weights.positions =
      collector.rows(at + "position_embeddings.weight",
                     {.rows = rows, .columns = shape.width, .first = shape.first_position, .count = shape.positions});
  if (shape.token_types > 0) {
    weights.token_types =
        collector.rows(at + "token_type_embeddings.weight",
                       {.rows = shape.token_types, .columns = shape.width, .first = 0, .count = shape.token_types});
  }
  weights.embedding_norm = collector.norm(at + "LayerNorm", shape.width);
}

LayerParameters collect_layer(Collector& collector, const LayerNames& names, const std::string& at,
                              const EncoderShape& shape) {
  const std::size_t width = shape.width;
  LayerParameters layer;
  layer.query = collector.linear(at + names.query, width, width);
  layer.key = collector.linear(at + names.key, width, width);
  layer.value = collector.linear(at + names.value, width, width);
  layer.attention_output = collector.linear(at + names.attention_output, width, width);
  layer.attention_norm = collector.norm(at + names.attention_norm, width);
  layer.feed_forward_in = collector.linear(at + names.feed_forward_in, shape.feed_forward, width);
  layer.feed_forward_out = collector.linear(at + names.feed_forward_out, width, shape.feed_forward);
  layer.output_norm = collector.norm(at + names.output_norm, width);
  return layer;
}

struct HeadNames {
  std::string dense;
  std::string classifier;
  HeadParameters::Activation activation = HeadParameters::Activation::none;
};

HeadNames head_names(EncoderFamily family, const std::string& prefix) {
  const std::string outside = outside_of(prefix);
  switch (family) {
    case EncoderFamily::roberta:
      return {outside + "classifier.dense", outside + "classifier.out_proj", HeadParameters::Activation::tanh};
    case EncoderFamily::distilbert:
      return {outside + "pre_classifier", outside + "classifier", HeadParameters::Activation::relu};
    case EncoderFamily::bert:
      break;
  }
  return {prefix + "pooler.dense", outside + "classifier", HeadParameters::Activation::tanh};
}

Status collect_head(Collector& collector, const TensorTable& tensors, const EncoderConfig& config,
                    const std::string& prefix, EncoderWeights& weights) {
  const HeadNames names = head_names(config.family, prefix);
  const std::string classifier = names.classifier + ".weight";
  const TensorView* view = tensors.find(classifier);
  if (!config.has_head.value_or(view != nullptr && tensors.find(names.dense + ".weight") != nullptr)) return {};
  if (view == nullptr) return tensor_error(classifier, "is missing");
  if (view->shape.size() != 2 || view->shape[0] == 0 || view->shape[0] > kMaxLabels) {
    return tensor_error(classifier, "has shape " + shape_text(view->shape) + ", which is no head's");
  }
  const auto labels = static_cast<std::size_t>(view->shape[0]);
  if (!config.labels.empty() && config.labels.size() != labels) {
    return tensor_error(classifier, "has " + std::to_string(labels) + " labels, config.json's 'id2label' names " +
                                        std::to_string(config.labels.size()));
  }
  HeadParameters head;
  head.activation = names.activation;
  head.dense = collector.linear(names.dense, weights.shape.width, weights.shape.width);
  head.classifier = collector.linear(names.classifier, labels, weights.shape.width);
  weights.head = std::move(head);
  return {};
}

// A tensor inside the encoder that was not taken means another architecture, or more layers than the config says.
Status check_nothing_left(const Collector& collector, const TensorTable& tensors, const std::string& prefix) {
  for (const auto& [name, view] : tensors.views()) {
    if (collector.took(name) || !name.starts_with(prefix)) continue;
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    const bool inside =
        rest.starts_with("embeddings.") || rest.starts_with("encoder.") || rest.starts_with("transformer.");
    // Buffers that old checkpoints hold: 0, 1, 2, …
    const bool buffer = rest == "embeddings.position_ids" || rest == "embeddings.token_type_ids";
    if (inside && !buffer) {
      return tensor_error(
          name, "belongs to no encoder that this program runs, or to a layer beyond those that the config names",
          ErrorKind::unsupported);
    }
  }
  return {};
}

}  // namespace

Result<EncoderWeights> collect_weights(const TensorTable& tensors, const EncoderConfig& config) {
  const auto prefix = find_prefix(tensors);
  if (!prefix) return prefix.error();
  const LayerNames& names = config.family == EncoderFamily::distilbert ? kDistilBertNames : kBertNames;
  EncoderWeights weights;
  weights.shape = config.shape;
  Collector collector(tensors);
  collect_embeddings(collector, *prefix, weights);
  for (std::size_t index = 0; index < config.shape.layers && collector.status(); ++index) {
    const std::string at = *prefix + names.layers + std::to_string(index) + ".";
    weights.layers.push_back(collect_layer(collector, names, at, config.shape));
  }
  if (!collector.status()) return collector.status().error();
  if (const Status status = check_nothing_left(collector, tensors, *prefix); !status) return status.error();
  if (const Status status = collect_head(collector, tensors, config, *prefix, weights); !status) return status.error();
  if (!collector.status()) return collector.status().error();
  return weights;
}

}  // namespace attune
