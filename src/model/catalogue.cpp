#include <algorithm>
#include <system_error>

#include "attune/core/file.hpp"
#include "attune/model.hpp"
#include "attune/model/edit.hpp"
#include "attune/model/joint.hpp"

#include "model/read_model.hpp"

namespace attune {
namespace {

constexpr std::size_t kMaxModels = 10'000;

bool holds_model(const std::filesystem::path& directory) {
  std::error_code code;
  if (std::filesystem::exists(directory / kModelFileName, code)) return true;
  std::filesystem::directory_iterator entries(directory, code);
  for (; !code && entries != std::filesystem::directory_iterator(); entries.increment(code)) {
    if (entries->path().extension() == ".onnx") return true;
  }
  return std::filesystem::exists(directory / "onnx" / "model.onnx", code);
}

// Layers of our own, which stand above an encoder and have no text of their own to read.
struct OwnLayers {
  std::string name, base, licence;
  LayerShape layer;
  std::size_t layers = 0;
  std::size_t numbers = 0;
};

Result<ModelDescription> describe_layers(const std::filesystem::path& file, const OwnLayers& own,
                                         const char* architecture) {
  const auto digest = sha256_hex_of_file(file);
  if (!digest) return digest.error();
  ModelDescription description{.name = own.name,
                               .identity = own.name + "@" + digest->substr(0, 16),
                               .format = "attune",
                               .architecture = architecture,
                               .pooling = "mean",
                               .precision = {},
                               .query_prefix = {},
                               .passage_prefix = {},
                               .licence = own.licence,
                               .source = "above " + own.base,
                               .source_sha256 = {},
                               .layers = own.layers,
                               .width = own.layer.width,
                               .heads = own.layer.heads,
                               .feed_forward = own.layer.feed_forward,
                               .labels = {}};
  std::error_code code;
  description.file_bytes = std::filesystem::file_size(file, code);
  // Nearly all its numbers are in matrices: of one byte each, or of four.
  description.precision = description.file_bytes < 2 * own.numbers ? "int8" : "f32";
  return description;
}

Result<ModelDescription> describe_joint_layers(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / kModelFileName;
  const auto model = load_joint_model(file);
  if (!model) return model.error();
  auto description = describe_layers(file,
                                     {model->name, model->base, model->licence, model->shape.layer(),
                                      model->shape.upper_layers, model->weights.size()},
                                     "joint-layers");
  if (!description) return description.error();
  description->query_prefix = model->query_prefix;
  description->passage_prefix = model->passage_prefix;
  description->labels = {"relevance"};
  return description;
}

Result<ModelDescription> describe_edit_layers(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / kModelFileName;
  const auto model = load_edit_model(file);
  if (!model) return model.error();
  return describe_layers(
      file,
      {model->name, model->base, model->licence, model->shape.layer, model->shape.upper_layers, model->weights.size()},
      "edit-layers");
}

}  // namespace

Result<ModelDescription> describe_model(const std::filesystem::path& directory) {
  auto parts = read_model(directory);
  if (!parts) return parts.error();
  return std::move(parts->description);
}

Result<ModelList> list_models(const std::filesystem::path& models) {
  std::error_code code;
  std::filesystem::directory_iterator entries(models, code);
  if (code) {
    const bool absent = code == std::errc::no_such_file_or_directory || code == std::errc::not_a_directory;
    return Error{absent ? ErrorKind::not_found : ErrorKind::io, "'" + to_utf8(models) + "': " + code.message()};
  }
  std::vector<std::filesystem::path> directories;
  for (; entries != std::filesystem::directory_iterator(); entries.increment(code)) {
    const bool hidden = entries->path().filename().string().starts_with('.');
    if (!hidden && holds_model(entries->path())) directories.push_back(entries->path());
    if (directories.size() >= kMaxModels) break;
  }
  std::sort(directories.begin(), directories.end());
  ModelList list;
  for (const std::filesystem::path& directory : directories) {
    auto description = describe_model(directory);
    if (description) {
      list.models.push_back({directory, std::move(description).value()});
    } else if (auto joint = describe_joint_layers(directory); joint) {
      list.models.push_back({directory, std::move(joint).value()});
    } else if (auto edit = describe_edit_layers(directory); edit) {
      list.models.push_back({directory, std::move(edit).value()});
    } else {
      list.broken.push_back({directory, description.error()});
    }
  }
  return list;
}

}  // namespace attune
