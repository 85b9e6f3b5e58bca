#include <algorithm>
#include <system_error>

#include "attune/core/file.hpp"
#include "attune/model.hpp"

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
    } else {
      list.broken.push_back({directory, description.error()});
    }
  }
  return list;
}

}  // namespace attune
