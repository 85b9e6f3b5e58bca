// What is kept for evaluation is not trained on, not even by accident.
#include <system_error>

#include "attune/core/file.hpp"
#include "attune/train/recipe.hpp"

namespace attune::train {
namespace {

bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

// "xquad-dev-zh", "canard-dev-en.jsonl", but not "web-developers".
bool is_development_set(std::string_view name) {
  constexpr std::string_view kMark = "-dev";
  for (std::size_t at = name.find(kMark); at != std::string_view::npos; at = name.find(kMark, at + 1)) {
    const std::size_t after = at + kMark.size();
    if (after == name.size() || !is_letter(name[after])) return true;
  }
  return false;
}

// `path` as seen from a folder of training data.
bool is_for_evaluation(const std::filesystem::path& path) {
  std::string before;
  for (const auto& part : path) {
    const std::string name = to_utf8(part);
    const bool is_typos = before == "typos";
    if (is_typos && name.starts_with("dl2019")) return true;
    // Named after the queries' origin; the catalogue lets it be trained on.
    if (name == "retrieval" || (is_development_set(name) && !(is_typos && name == "marco-dev"))) return true;
    before = name;
  }
  return false;
}

// The part of an existing file's path below the folder that holds CATALOGUE.md; empty if none does.
std::filesystem::path below_catalogue(const std::filesystem::path& path) {
  std::error_code failure;
  const auto whole = std::filesystem::weakly_canonical(path, failure);
  if (failure) return {};
  for (auto folder = whole.parent_path();; folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / "CATALOGUE.md", failure)) return whole.lexically_relative(folder);
    if (folder == folder.parent_path()) return {};
  }
}

}  // namespace

Status check_training_path(const std::filesystem::path& path) {
  const bool refused =
      (path.is_relative() && is_for_evaluation(path.lexically_normal())) || is_for_evaluation(below_catalogue(path));
  if (!refused) return {};
  return Error{ErrorKind::bad_input,
               "'" + to_utf8(path) +
                   "' is kept for evaluation; training on it would make every figure measured on it "
                   "worthless"};
}

}  // namespace attune::train
