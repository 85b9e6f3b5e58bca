#include "attune/core/file.hpp"
#include "attune/rerank.hpp"

namespace attune {

Result<std::unique_ptr<Reranker>> open_reranker(const std::filesystem::path& directory) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory / "model.safetensors", ignored)) {
    return Error{ErrorKind::unavailable, "no cross-encoder is installed in '" + to_utf8(directory) + "'"};
  }
  return Error{ErrorKind::unsupported,
               "'" + to_utf8(directory) + "' holds a model, but this version runs no cross-encoder"};
}

}  // namespace attune
