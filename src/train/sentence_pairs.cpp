#include "train/sentence_pairs.hpp"

#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "attune/core/lines.hpp"

namespace attune::train {

Status for_each_sentence_pair(const std::filesystem::path& file, const std::function<void(SentencePair)>& take) {
  return for_each_line(plain_or_gzipped(file), [&](std::string_view line) -> Status {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    const bool fine = json.is_object() && json.contains("en") && json["en"].is_string() && json.contains("zh") &&
                      json["zh"].is_string();
    if (!fine) return Error{ErrorKind::bad_input, "this is no {\"en\": text, \"zh\": text}"};
    take({json["en"].get<std::string>(), json["zh"].get<std::string>()});
    return {};
  });
}

}  // namespace attune::train
