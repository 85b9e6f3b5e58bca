// Sentences that say what something is, and the question that they answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace attune::train {

// "Oslo is the capital of Norway." → "what is Oslo"; "内核是操作系统的核心。" → "内核是什么". Nothing if the sentence
// does not begin with a short name and a word that defines it.
std::optional<std::string> question_of_definition(std::string_view sentence);

}  // namespace attune::train
