// Files of sentences in two languages: JSON lines {"en": text, "zh": text}, plain or gzipped.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "attune/core/result.hpp"

namespace attune::train {

struct SentencePair {
  std::string english;
  std::string chinese;
};
// Fails with not_found, io, corrupt and, naming the line, bad_input.
Status for_each_sentence_pair(const std::filesystem::path& file, const std::function<void(SentencePair)>& take);

}  // namespace attune::train
