#include <algorithm>
#include <system_error>

#include "attune/core/file.hpp"
#include "attune/model.hpp"

#include "model/model_file.hpp"

namespace attune {

Result<ModelDescription> describe_model(const std::filesystem::path& directory) {
  const auto file = read_model_file(directory);
  if (!file) return file.error();
  return file->config.description;
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
    if (std::filesystem::exists(entries->path() / kModelFileName, code)) directories.push_back(entries->path());
    if (directories.size() > 10'000) break;
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
