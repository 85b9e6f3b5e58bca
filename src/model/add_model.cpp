// A model into the folder of models: what belongs to it is copied beside the others, under the names that Hugging Face
// uses, and settings that its files do not say are written down.
#include <cerrno>
#include <system_error>

#include <nlohmann/json.hpp>
#include <stdlib.h>

#include "attune/core/file.hpp"
#include "attune/model.hpp"

#include "model/read_model.hpp"
#include "model/sentence_settings.hpp"

namespace attune {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSettingsFiles[] = {"config.json", "config_sentence_transformers.json",
                                          "sentence_bert_config.json", "tokenizer_config.json"};

// Removes what was copied, unless it was kept.
class StagingFolder {
 public:
  explicit StagingFolder(fs::path path) : path_(std::move(path)) {}
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;
  ~StagingFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  fs::path path_;
};

Error io_error(const fs::path& path, const std::error_code& code) {
  return Error{ErrorKind::io, "'" + to_utf8(path) + "': " + code.message()};
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 128 && name[0] != '.' && name.find('/') == std::string::npos &&
         name.find('\\') == std::string::npos && name.find('\0') == std::string::npos;
}

Status copy_one(const fs::path& from, const fs::path& to) {
  std::error_code code;
  if (!fs::copy_file(from, to, code)) return io_error(from, code);
  fs::permissions(to, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read,
                  code);
  return {};
}

Status write_json(const fs::path& path, const nlohmann::json& json) {
  std::error_code code;
  fs::create_directories(path.parent_path(), code);
  if (code) return io_error(path.parent_path(), code);
  return write_file_durably(path, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

// Weights, config and tokenizer. Pooling and prefixes are written anew, from what the source's files and name said.
Status copy_files(const ModelParts& parts, const fs::path& to) {
  const ModelFiles& files = parts.files;
  const bool onnx = files.weights.extension() == ".onnx";
  if (const Status status = copy_one(files.weights, to / (onnx ? "model.onnx" : kModelFileName)); !status)
    return status;
  if (parts.description.format == "attune") return {};
  std::error_code code;
  for (const char* name : kSettingsFiles) {
    if (!fs::exists(files.directory / name, code)) continue;
    if (const Status status = copy_one(files.directory / name, to / name); !status) return status;
  }
  if (!parts.tokenizer.json.empty()) return write_file_durably(to / "tokenizer.json", parts.tokenizer.json);
  if (!parts.tokenizer.vocabulary.empty()) return write_file_durably(to / "vocab.txt", parts.tokenizer.vocabulary);
  return {};
}

Status write_settings(const AddRequest& request, const ModelParts& parts, const fs::path& to) {
  if (parts.description.format == "attune") return {};
  const ModelDescription& model = parts.description;
  const std::string pooling = request.pooling.empty() ? model.pooling : request.pooling;
  const std::string query = request.query_prefix.empty() ? model.query_prefix : request.query_prefix;
  const std::string passage = request.passage_prefix.empty() ? model.passage_prefix : request.passage_prefix;
  const std::string mode = pooling == "weighted" ? "weightedmean" : pooling;
  const Status written =
      write_json(to / "1_Pooling" / "config.json", {{"embedding_dimension", model.width}, {"pooling_mode", mode}});
  if (!written) return written;
  return write_json(to / "config_sentence_transformers.json",
                    {{"prompts", {{"query", query}, {"passage", passage}}},
                     {"similarity_fn_name", parts.weights.shape.unit_length ? "cosine" : "dot"},
                     {"attune", {{"licence", model.licence}, {"source", model.source}}}});
}

Status check_request(const AddRequest& request, const std::string& name) {
  if (!is_plain_name(name)) return Error{ErrorKind::bad_input, "'" + name + "' is no name for a folder of a model"};
  const bool known =
      request.pooling.empty() || request.pooling == "mean" || request.pooling == "cls" || request.pooling == "weighted";
  if (!known) return Error{ErrorKind::bad_input, "'" + request.pooling + "' is not a pooling: mean, cls or weighted"};
  std::error_code code;
  if (fs::exists(request.models / name, code)) {
    return Error{ErrorKind::conflict, "'" + to_utf8(request.models / name) + "' is there already"};
  }
  return {};
}

}  // namespace

Result<ModelDescription> add_model(const AddRequest& request) {
  const auto parts = read_model(request.source);
  if (!parts) return parts.error();
  const std::string name = request.name.empty() ? parts->description.name : request.name;
  if (const Status status = check_request(request, name); !status) return status.error();
  const bool own = parts->description.format == "attune";
  if (own && !(request.pooling.empty() && request.query_prefix.empty() && request.passage_prefix.empty())) {
    return Error{ErrorKind::bad_input, "the file itself says its pooling and prefixes; they cannot be changed"};
  }
  const auto check = check_model(request.source);
  if (!check) return check.error();
  if (!check->faults.empty()) return Error{ErrorKind::corrupt, check->faults.front()};

  std::error_code code;
  fs::create_directories(request.models, code);
  if (code) return io_error(request.models, code);
  std::string pattern = (request.models / ".adding-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    return io_error(request.models, std::error_code(errno, std::generic_category()));
  StagingFolder staging(pattern);
  fs::permissions(staging.path(), fs::perms(0755), code);
  if (const Status status = copy_files(*parts, staging.path()); !status) return status.error();
  if (const Status status = write_settings(request, *parts, staging.path()); !status) return status.error();
  if (const auto copied = read_model(staging.path()); !copied) return copied.error().while_doing("the copy");
  fs::rename(staging.path(), request.models / name, code);
  if (code) return io_error(request.models / name, code);
  staging.keep();
  return describe_model(request.models / name);
}

}  // namespace attune
