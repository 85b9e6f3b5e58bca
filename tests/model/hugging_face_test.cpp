// Hugging Face directories with one flaw each. What is said must name the field, the file or the tensor.
#include <functional>
#include <limits>

#include <doctest/doctest.h>

#include "model/fixtures.hpp"
#include "model/open_file.hpp"
#include "model/read_model.hpp"
#include "temporary_folder.hpp"

namespace attune {
namespace {

using testing::float_bytes;
using testing::Json;
using testing::OpenFile;
using testing::says;

// A copy of a fixture that can be damaged.
class Copy {
 public:
  explicit Copy(const std::string& fixture) {
    std::filesystem::copy(testing::fixture(fixture), path(), std::filesystem::copy_options::recursive);
  }
  [[nodiscard]] std::filesystem::path path() const { return folder_.path() / "model"; }
  void write(const std::string& file, const std::string& text) const { folder_.write("model/" + file, text); }

  // What reading says; "" if it reads.
  [[nodiscard]] std::string said(ErrorKind kind) const {
    const auto parts = read_model(path());
    if (parts) return "";
    CHECK(parts.error().kind == kind);
    return parts.error().text;
  }
  std::string with_config(const char* field, const Json& value, ErrorKind kind) const {
    const std::string good = *read_file(path() / "config.json", 1 << 20);
    Json json = Json::parse(good);
    json[field] = value;
    write("config.json", json.dump());
    const std::string text = said(kind);
    write("config.json", good);
    return text;
  }
  std::string with_tensors(const std::function<void(OpenFile&)>& change, ErrorKind kind) const {
    OpenFile file = OpenFile::read(path() / "model.safetensors");
    const OpenFile good = file;
    change(file);
    file.write(path() / "model.safetensors");
    const std::string text = said(kind);
    good.write(path() / "model.safetensors");
    return text;
  }

 private:
  testing::TemporaryFolder folder_;
};

TEST_CASE("what this program cannot run is refused by the name of its field") {
  const Copy bert("bert");
  CHECK(bert.said(ErrorKind::internal).empty());
  const auto refused = [&](const char* field, const Json& value) {
    CHECK(says(bert.with_config(field, value, ErrorKind::unsupported), "config.json: '" + std::string(field) + "'"));
  };
  for (const char* type : {"deberta-v2", "t5", "gpt2", "roberta-prelayernorm", "nomic_bert", "modernbert", "new", ""}) {
    refused("model_type", type);
  }
  for (const char* activation : {"relu", "silu", "quick_gelu"}) refused("hidden_act", activation);
  for (const char* positions : {"relative_key", "relative_key_query", "rotary", "alibi"}) {
    refused("position_embedding_type", positions);
  }
  for (const char* flag : {"is_decoder", "add_cross_attention", "is_encoder_decoder", "pre_norm", "norm_first"}) {
    refused(flag, true);
  }
  refused("rope_theta", 10000.0);
  refused("quantization_config", Json{{"bits", 4}});
  refused("pruned_heads", Json{{"0", {1}}});
  refused("embedding_size", 8);
  const Copy distilbert("distilbert");
  CHECK(says(distilbert.with_config("activation", "relu", ErrorKind::unsupported), "'activation' is 'relu'"));
}

TEST_CASE("a config field that is missing, of another type or out of range is named") {
  const Copy bert("bert");
  for (const char* field : {"hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
                            "vocab_size", "max_position_embeddings"}) {
    for (const Json& value :
         {Json(nullptr), Json("x"), Json(-1), Json(0), Json(1.5), Json(1ULL << 62U), Json::array()}) {
      CHECK(says(bert.with_config(field, value, ErrorKind::corrupt), "'" + std::string(field) + "'"));
    }
  }
  CHECK(says(bert.with_config("num_attention_heads", 3, ErrorKind::corrupt), "'num_attention_heads' does not divide"));
  CHECK(says(bert.with_config("layer_norm_eps", 2, ErrorKind::corrupt), "'layer_norm_eps'"));
  CHECK(says(bert.with_config("is_decoder", "yes", ErrorKind::corrupt), "'is_decoder'"));
  const Copy roberta("roberta-pairs");
  CHECK(says(roberta.with_config("pad_token_id", 30, ErrorKind::corrupt), "'max_position_embeddings'"));
  CHECK(says(roberta.with_config("id2label", Json{{"0", "a"}, {"2", "b"}}, ErrorKind::corrupt), "'id2label'"));
  CHECK(says(roberta.with_config("id2label", Json{{"0", "a"}, {"1", "b"}}, ErrorKind::corrupt), "'id2label' names 2"));
}

TEST_CASE("a config that is truncated, nested too deeply, a list or absent is refused") {
  const Copy bert("bert");
  bert.write("config.json", "{\"model_type\": \"be");
  CHECK(says(bert.said(ErrorKind::corrupt), "config.json: is not JSON"));
  bert.write("config.json", "[]");
  CHECK(says(bert.said(ErrorKind::corrupt), "config.json: is not an object"));
  bert.write("config.json", "{\"a\":" + std::string(100'000, '['));
  CHECK(says(bert.said(ErrorKind::corrupt), "config.json: is nested too deeply"));
  std::filesystem::remove(bert.path() / "config.json");
  CHECK(says(bert.said(ErrorKind::not_found), "config.json"));
}

TEST_CASE("sizes that the tensors do not have are refused by the tensor's name") {
  const Copy bert("bert");
  const auto said = [&](const char* field, int value) { return bert.with_config(field, value, ErrorKind::corrupt); };
  CHECK(says(said("hidden_size", 32), "tensor 'embeddings.word_embeddings.weight': has shape [40, 16], not [40, 32]"));
  CHECK(says(said("vocab_size", 41), "tensor 'embeddings.word_embeddings.weight'"));
  CHECK(says(said("max_position_embeddings", 512), "tensor 'embeddings.position_embeddings.weight'"));
  CHECK(says(said("type_vocab_size", 1), "tensor 'embeddings.token_type_embeddings.weight'"));
  CHECK(says(said("intermediate_size", 64), "tensor 'encoder.layer.0.intermediate.dense.weight'"));
  CHECK(says(said("num_hidden_layers", 3), "tensor 'encoder.layer.2.attention.self.query.weight': is missing"));
  CHECK(says(bert.with_config("num_hidden_layers", 1, ErrorKind::unsupported), "tensor 'encoder.layer.1."));
}

TEST_CASE("a tensor that is missing, of another type, of no such encoder, or not finite is named") {
  const Copy bert("bert");
  const auto renamed = [](const char* from, const char* to) {
    return [=](OpenFile& file) {
      file.header[to] = file.header[from];
      file.header.erase(from);
    };
  };
  for (const char* name : {"encoder.layer.1.output.LayerNorm.bias", "embeddings.LayerNorm.weight",
                           "encoder.layer.0.attention.self.value.weight", "embeddings.position_embeddings.weight"}) {
    CHECK(
        says(bert.with_tensors(renamed(name, "elsewhere"), ErrorKind::corrupt), std::string("tensor '") + name + "'"));
  }
  CHECK(says(bert.with_tensors(renamed("embeddings.word_embeddings.weight", "words"), ErrorKind::corrupt),
             "'embeddings.word_embeddings.weight': is missing, under any prefix"));
  CHECK(says(bert.with_tensors(renamed("pooler.dense.bias", "encoder.layer.0.attention.self.distance_embedding"),
                               ErrorKind::unsupported),
             "'encoder.layer.0.attention.self.distance_embedding'"));
  const auto retyped = [](OpenFile& file) { file.header["encoder.layer.0.output.dense.weight"]["dtype"] = "I32"; };
  CHECK(
      says(bert.with_tensors(retyped, ErrorKind::unsupported), "'encoder.layer.0.output.dense.weight': has type I32"));
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const char* name : {"encoder.layer.0.output.LayerNorm.weight", "encoder.layer.1.attention.self.key.bias",
                             "embeddings.token_type_embeddings.weight", "embeddings.position_embeddings.weight"}) {
      const auto damaged = [&](OpenFile& file) { file.patch(name, 4, float_bytes(bad)); };
      CHECK(says(bert.with_tensors(damaged, ErrorKind::corrupt), std::string("'") + name + "'"));
    }
  }
}

TEST_CASE("a prefix in front of all names changes nothing, two encoders in one file are refused") {
  const Copy bert("bert");
  const auto prefixed = [](OpenFile& file) {
    Json header;
    for (const auto& [name, entry] : file.header.items()) {
      header[name == "__metadata__" ? name : "0.auto_model." + name] = entry;
    }
    file.header = header;
  };
  CHECK(bert.with_tensors(prefixed, ErrorKind::internal).empty());
  const auto twice = [](OpenFile& file) {
    file.header["other.embeddings.word_embeddings.weight"] = file.header["pooler.dense.weight"];
    file.header.erase("pooler.dense.weight");
  };
  CHECK(says(bert.with_tensors(twice, ErrorKind::unsupported), "more than one encoder"));
}

TEST_CASE("pooling, length and prompts are read from the files of sentence-transformers") {
  const Copy bert("bert");
  bert.write("1_Pooling/config.json", R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})");
  bert.write("sentence_bert_config.json", R"({"max_seq_length": 12})");
  bert.write("config_sentence_transformers.json", R"({"prompts": {"query": "ask: ", "document": "read: "}})");
  const auto parts = read_model(bert.path());
  REQUIRE(parts);
  CHECK(parts->weights.shape.pooling == Pooling::cls);
  CHECK(parts->description.max_positions == 12);
  CHECK(parts->description.query_prefix == "ask: ");
  CHECK(parts->description.passage_prefix == "read: ");
  CHECK(parts->weights.shape.unit_length);
}

TEST_CASE("vectors keep their length only where a model has no Normalize and asks for another measure than cosine") {
  const Copy bert("bert");
  bert.write("modules.json", R"([{"type": "sentence_transformers.models.Transformer", "path": ""},
                                 {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}])");
  CHECK(read_model(bert.path())->weights.shape.unit_length);
  bert.write("config_sentence_transformers.json", R"({"similarity_fn_name": "dot"})");
  CHECK_FALSE(read_model(bert.path())->weights.shape.unit_length);
  bert.write("modules.json",
             R"([{"type": "Transformer"}, {"type": "Pooling", "path": "1_Pooling"}, {"type": "Normalize"}])");
  CHECK(read_model(bert.path())->weights.shape.unit_length);
}

TEST_CASE("modules and poolings that are not computed, and paths out of the folder, are refused by name") {
  const Copy bert("bert");
  const auto modules = [&](const char* text) {
    bert.write("modules.json", text);
    const std::string found = bert.said(ErrorKind::unsupported);
    bert.write("modules.json", "[]");
    return found;
  };
  CHECK(says(modules(R"([{"type": "sentence_transformers.models.Dense", "path": "2_Dense"}])"), "'type' is 'Dense'"));
  CHECK(says(modules(R"([{"type": "Pooling", "path": "../../etc"}])"), "'path'"));
  CHECK(says(modules(R"([{"type": "Transformer", "path": "0_Transformer"}])"), "'path'"));
  const auto pooling = [&](const char* text, ErrorKind kind) {
    bert.write("1_Pooling/config.json", text);
    return bert.said(kind);
  };
  CHECK(says(pooling(R"({"pooling_mode_max_tokens": true})", ErrorKind::unsupported), "'pooling_mode_max_tokens'"));
  CHECK(says(pooling(R"({"pooling_mode": "lasttoken"})", ErrorKind::unsupported), "'pooling_mode'"));
  CHECK(says(pooling(R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true})", ErrorKind::unsupported),
             "second way"));
  CHECK(says(pooling(R"({"word_embedding_dimension": 17})", ErrorKind::corrupt), "'word_embedding_dimension'"));
  CHECK(says(pooling(R"({"include_prompt": false})", ErrorKind::unsupported), "'include_prompt'"));
}

TEST_CASE("a folder with other weights, or with none, says what this program reads") {
  testing::TemporaryFolder folder;
  CHECK(says(read_model(folder.path()).error().text, "holds neither model.safetensors nor an .onnx file"));
  folder.write("pytorch_model.bin", "x");
  CHECK(read_model(folder.path()).error().kind == ErrorKind::unsupported);
  folder.write("a.onnx", "x");
  folder.write("b.onnx", "x");
  CHECK(says(read_model(folder.path()).error().text, "more than one .onnx file"));
}

}  // namespace
}  // namespace attune
