#include "model/sentence_settings.hpp"

#include <algorithm>
#include <optional>

#include "model/encoder_config.hpp"
#include "model/json_fields.hpp"

namespace attune {
namespace {

constexpr std::size_t kMaxPromptBytes = 4096;
constexpr std::size_t kMaxModules = 64;

// Models are known by a part of their name. The first that fits counts.
struct KnownModel {
  const char* part;
  Pooling pooling;
  const char* query_prefix;
  const char* passage_prefix;
  const char* licence;
  const char* source;
};
constexpr KnownModel kKnownModels[] = {
    {"multilingual-e5-small", Pooling::mean, "query: ", "passage: ", "MIT", "intfloat/multilingual-e5-small"},
    {"e5-small-v2", Pooling::mean, "query: ", "passage: ", "MIT", "intfloat/e5-small-v2"},
    {"bge-small-en", Pooling::cls, "Represent this sentence for searching relevant passages: ", "", "MIT",
     "BAAI/bge-small-en-v1.5"},
    {"bge-small-zh", Pooling::cls, "为这个句子生成表示以用于检索相关文章：", "", "MIT", "BAAI/bge-small-zh-v1.5"},
    {"all-minilm-l6-v2", Pooling::mean, "", "", "Apache-2.0", "sentence-transformers/all-MiniLM-L6-v2"},
};

void use_what_is_known(std::string_view name, SentenceSettings& settings) {
  std::string lower(name);
  for (char& byte : lower) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
    if (byte == '_') byte = '-';
  }
  for (const KnownModel& model : kKnownModels) {
    if (lower.find(model.part) == std::string::npos) continue;
    settings.pooling = model.pooling;
    settings.query_prefix = model.query_prefix;
    settings.passage_prefix = model.passage_prefix;
    settings.licence = model.licence;
    settings.source = model.source;
    return;
  }
}

struct Modules {
  bool there = false;
  bool normalize = false;
  std::string pooling_folder = "1_Pooling";
};

std::string last_part(const std::string& type) {
  return type.substr(type.rfind('.') + 1);  // npos + 1 is 0
}

Result<Modules> read_modules(const std::filesystem::path& directory) {
  const auto json = read_json(directory / "modules.json");
  if (!json) {
    if (json.error().kind == ErrorKind::not_found) return Modules{};
    return json.error();
  }
  if (!json->is_array() || json->size() > kMaxModules) return Error{ErrorKind::corrupt, "modules.json: is not a list"};
  Modules modules;
  modules.there = true;
  for (const Json& item : *json) {
    if (!item.is_object()) return Error{ErrorKind::corrupt, "modules.json: an entry is not an object"};
    JsonFields fields(item, "modules.json");
    const std::string type = last_part(fields.text_or("type", ""));
    const std::string path = fields.text_or("path", "");
    const bool plain = path.find('/') == std::string::npos && path.find('\\') == std::string::npos && path != "..";
    if (!plain) fields.fail(ErrorKind::unsupported, "path", "'" + path + "' is no folder beside it");
    if (type == "Transformer") {
      if (!path.empty()) fields.fail(ErrorKind::unsupported, "path", "puts the encoder into '" + path + "'");
    } else if (type == "Pooling") {
      modules.pooling_folder = path;
    } else if (type == "Normalize") {
      modules.normalize = true;
    } else {
      fields.fail(ErrorKind::unsupported, "type",
                  "is '" + type + "', this program runs Transformer, Pooling, Normalize");
    }
    if (!fields.status()) return fields.status().error();
  }
  return modules;
}

std::optional<Pooling> pooling_named(std::string_view name) {
  if (name == "mean" || name == "mean_tokens") return Pooling::mean;
  if (name == "cls" || name == "cls_token") return Pooling::cls;
  if (name == "weightedmean" || name == "weightedmean_tokens") return Pooling::weighted;
  return std::nullopt;
}

// Either "pooling_mode": "mean", or one "pooling_mode_mean_tokens": true among several flags.
void read_pooling(JsonFields& fields, const Json& json, std::size_t width, SentenceSettings& settings) {
  std::size_t chosen = 0;
  const auto choose = [&](const std::string& key, std::string_view name) {
    const auto pooling = pooling_named(name);
    if (pooling) settings.pooling = *pooling;
    if (!pooling) fields.fail(ErrorKind::unsupported, key.c_str(), "this program pools by mean, cls and weightedmean");
    if (++chosen > 1) fields.fail(ErrorKind::unsupported, key.c_str(), "is a second way to pool");
  };
  for (const auto& [key, value] : json.items()) {
    if (key.starts_with("pooling_mode_") && value.is_boolean() && value.get<bool>()) choose(key, key.substr(13));
  }
  const std::string mode = fields.text_or("pooling_mode", "");
  if (!mode.empty() && chosen == 0) choose("pooling_mode", mode);
  for (const char* key : {"word_embedding_dimension", "embedding_dimension"}) {
    if (fields.size_or(key, 1, kMaxWidth, width) != width) {
      fields.fail(ErrorKind::corrupt, key, "is not the encoder's width, " + std::to_string(width));
    }
  }
  if (!fields.flag_or("include_prompt", true)) {
    fields.fail(ErrorKind::unsupported, "include_prompt", "is false: this program pools the prefix as well");
  }
}

std::string prompt_of(const Json& prompts, std::initializer_list<const char*> names, JsonFields& fields) {
  for (const char* name : names) {
    const auto found = prompts.find(name);
    if (found == prompts.end() || !found->is_string()) continue;
    if (found->get_ref<const std::string&>().size() > kMaxPromptBytes) {
      fields.fail(ErrorKind::too_large, "prompts", std::string("has a text that is too long: ") + name);
      return "";
    }
    return found->get<std::string>();
  }
  return "";
}

void read_prompts(JsonFields& fields, SentenceSettings& settings) {
  const Json* prompts = fields.find("prompts");
  if (prompts == nullptr) return;
  if (!prompts->is_object()) return fields.fail(ErrorKind::corrupt, "prompts", "is not an object");
  const std::string query = prompt_of(*prompts, {"query"}, fields);
  const std::string passage = prompt_of(*prompts, {"passage", "document"}, fields);
  if (query.empty() && passage.empty()) return;  // written by default, says nothing
  settings.query_prefix = query;
  settings.passage_prefix = passage;
}

// What `attune model add` wrote down of a model that it knew by its old name.
void read_origin(JsonFields& fields, SentenceSettings& settings) {
  const Json* origin = fields.find("attune");
  if (origin == nullptr || !origin->is_object()) return;
  JsonFields inner(*origin, "config_sentence_transformers.json: attune");
  settings.licence = inner.text_or("licence", settings.licence);
  settings.source = inner.text_or("source", settings.source);
}

}  // namespace

std::string_view pooling_name(Pooling pooling) {
  switch (pooling) {
    case Pooling::mean:
      return "mean";
    case Pooling::cls:
      return "cls";
    case Pooling::weighted:
      return "weighted";
  }
  return "";
}

Result<SentenceSettings> read_sentence_settings(const std::filesystem::path& directory, std::string_view name,
                                                std::size_t width) {
  SentenceSettings settings;
  use_what_is_known(name, settings);
  const auto modules = read_modules(directory);
  if (!modules) return modules.error();

  const auto pooling = read_json_object_if_there(directory / modules->pooling_folder / "config.json");
  if (!pooling) return pooling.error().while_doing(modules->pooling_folder);
  if (!modules->pooling_folder.empty()) {
    JsonFields fields(*pooling, modules->pooling_folder + "/config.json");
    read_pooling(fields, *pooling, width, settings);
    if (!fields.status()) return fields.status().error();
  }

  const auto prompts = read_json_object_if_there(directory / "config_sentence_transformers.json");
  if (!prompts) return prompts.error();
  JsonFields prompt_fields(*prompts, "config_sentence_transformers.json");
  read_prompts(prompt_fields, settings);
  read_origin(prompt_fields, settings);
  // Passages are compared by cosine, so vectors have length 1 even where no module says so, unless the model asks for
  // another measure.
  const std::string measure = prompt_fields.text_or("similarity_fn_name", "cosine");
  settings.unit_length = !modules->there || modules->normalize || measure == "cosine";
  if (!prompt_fields.status()) return prompt_fields.status().error();

  const auto lengths = read_json_object_if_there(directory / "sentence_bert_config.json");
  if (!lengths) return lengths.error();
  JsonFields length_fields(*lengths, "sentence_bert_config.json");
  settings.max_tokens = length_fields.size_or("max_seq_length", 3, kMaxPositions, 0);
  if (!length_fields.status()) return length_fields.status().error();
  return settings;
}

}  // namespace attune
