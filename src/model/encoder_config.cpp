#include "model/encoder_config.hpp"

#include <algorithm>
#include <map>

namespace attune {
namespace {

struct ModelType {
  const char* name;
  EncoderFamily family;
};
constexpr ModelType kModelTypes[] = {{"bert", EncoderFamily::bert},
                                     {"roberta", EncoderFamily::roberta},
                                     {"xlm-roberta", EncoderFamily::roberta},
                                     {"camembert", EncoderFamily::roberta},
                                     {"distilbert", EncoderFamily::distilbert}};

// DistilBERT calls the same sizes by other names.
struct FieldNames {
  const char* layers;
  const char* width;
  const char* heads;
  const char* feed_forward;
  const char* activation;
};
constexpr FieldNames kBertFields = {"num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size",
                                    "hidden_act"};
constexpr FieldNames kDistilBertFields = {"n_layers", "dim", "n_heads", "hidden_dim", "activation"};

void read_type(JsonFields& fields, EncoderConfig& config) {
  config.model_type = fields.text_or("model_type", "");
  for (const ModelType& type : kModelTypes) {
    if (config.model_type == type.name) {
      config.family = type.family;
      return;
    }
  }
  fields.fail(ErrorKind::unsupported, "model_type",
              "is '" + config.model_type + "', this program runs bert, roberta, xlm-roberta, camembert and distilbert");
}

// Fields that change what is computed. Nobody who sets one of them means the encoder that this program runs.
void refuse_variants(JsonFields& fields) {
  for (const char* flag : {"is_decoder", "add_cross_attention", "is_encoder_decoder", "pre_norm", "prenorm",
                           "norm_first", "layer_norm_first", "use_rotary_position_embeddings"}) {
    if (fields.flag_or(flag, false))
      fields.fail(ErrorKind::unsupported, flag, "is true, which this program cannot run");
  }
  for (const char* key : {"rope_theta", "rope_scaling", "rope_parameters", "rotary_emb_base", "quantization_config"}) {
    if (fields.find(key) != nullptr)
      fields.fail(ErrorKind::unsupported, key, "is there, which this program cannot run");
  }
  const std::string positions = fields.text_or("position_embedding_type", "absolute");
  if (positions != "absolute") {
    fields.fail(ErrorKind::unsupported, "position_embedding_type", "is '" + positions + "', not 'absolute'");
  }
  const Json* pruned = fields.find("pruned_heads");
  if (pruned != nullptr && !pruned->empty()) fields.fail(ErrorKind::unsupported, "pruned_heads", "is not empty");
}

GeluForm read_activation(JsonFields& fields, const char* key) {
  const std::string name = fields.text_or(key, "gelu");
  if (name == "gelu" || name == "gelu_python") return GeluForm::erf;
  if (name == "gelu_new" || name == "gelu_fast" || name == "gelu_pytorch_tanh") return GeluForm::tanh;
  fields.fail(ErrorKind::unsupported, key, "is '" + name + "', this program computes gelu and gelu_new");
  return GeluForm::erf;
}

void read_shape(JsonFields& fields, EncoderConfig& config) {
  const bool distil = config.family == EncoderFamily::distilbert;
  const FieldNames& names = distil ? kDistilBertFields : kBertFields;
  EncoderShape& shape = config.shape;
  shape.layers = fields.size(names.layers, 1, kMaxLayers);
  shape.width = fields.size(names.width, 1, kMaxWidth);
  shape.heads = fields.size(names.heads, 1, kMaxHeads);
  shape.feed_forward = fields.size(names.feed_forward, 1, kMaxFeedForward);
  shape.vocabulary = fields.size("vocab_size", 1, kMaxVocabulary);
  shape.gelu = read_activation(fields, names.activation);
  if (shape.width % shape.heads != 0) fields.fail(ErrorKind::corrupt, names.heads, "does not divide the width");
  if (fields.size_or("embedding_size", 1, kMaxWidth, shape.width) != shape.width) {
    fields.fail(ErrorKind::unsupported, "embedding_size", "is not the width of the layers");
  }
  shape.token_types = distil ? 0 : fields.size_or("type_vocab_size", 0, kMaxTokenTypes, 2);
  const double epsilon = distil ? 1e-12 : fields.number_or("layer_norm_eps", 1e-12);
  if (!(epsilon > 0 && epsilon < 1)) fields.fail(ErrorKind::corrupt, "layer_norm_eps", "is not between 0 and 1");
  shape.epsilon = static_cast<float>(epsilon);

  // RoBERTa counts positions from the padding's id on, which itself belongs to padding.
  if (config.family == EncoderFamily::roberta) {
    shape.first_position = fields.size_or("pad_token_id", 0, kMaxPositions, 1) + 1;
  }
  const std::size_t rows = fields.size("max_position_embeddings", 1, kMaxPositions);
  if (rows <= shape.first_position) {
    fields.fail(ErrorKind::corrupt, "max_position_embeddings", "leaves no position behind the padding's");
    return;
  }
  shape.positions = rows - shape.first_position;
}

void read_head(JsonFields& fields, EncoderConfig& config) {
  const Json* architectures = fields.find("architectures");
  if (architectures != nullptr && architectures->is_array() && !architectures->empty()) {
    const Json& first = architectures->front();
    config.has_head = first.is_string() && first.get_ref<const std::string&>().ends_with("ForSequenceClassification");
  }
  const Json* names = fields.find("id2label");
  if (names == nullptr) return;
  if (!names->is_object() || names->size() > kMaxLabels) {
    fields.fail(ErrorKind::corrupt, "id2label",
                "is not an object of at most " + std::to_string(kMaxLabels) + " labels");
    return;
  }
  for (std::size_t index = 0; index < names->size(); ++index) {
    const auto name = names->find(std::to_string(index));
    if (name == names->end() || !name->is_string()) {
      fields.fail(ErrorKind::corrupt, "id2label", "has no text for label " + std::to_string(index));
      return;
    }
    config.labels.push_back(name->get<std::string>());
  }
}

}  // namespace

Result<EncoderConfig> parse_encoder_config(const Json& json) {
  JsonFields fields(json, "config.json");
  EncoderConfig config;
  read_type(fields, config);
  if (!fields.status()) return fields.status().error();  // the other fields would have other names
  refuse_variants(fields);
  read_shape(fields, config);
  read_head(fields, config);
  if (!fields.status()) return fields.status().error();
  return config;
}

}  // namespace attune
