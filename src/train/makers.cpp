// The table of makers.
#include "attune/train/makers.hpp"

#include <algorithm>
#include <array>

#include "train/maker_functions.hpp"

namespace attune::train {
namespace {

constexpr std::array kMakers = {
    Maker{"pairs", "JSON lines with a query and its passages, stated by somebody", make_pairs},
    Maker{"titles", "titled paragraphs: a title asks for the paragraph under it", make_title_pairs},
    Maker{"cloze", "titled paragraphs: a sentence asks for the paragraph that it was taken out of", make_cloze_pairs},
    Maker{"to-chinese", "sentence pairs: English ones ask for their Chinese translations", make_to_chinese},
    Maker{"to-english", "sentence pairs: Chinese ones ask for their English translations", make_to_english},
    Maker{"questions", "questions without answers: teachers judge the passages of other files", make_questions},
    Maker{"index", "an Attune database: titles, headings, definitions and sentences ask for its passages",
          make_index_pairs},
};

}  // namespace

std::span<const Maker> makers() {
  return kMakers;
}

const Maker* find_maker(std::string_view name) {
  const auto* const found =
      std::find_if(kMakers.begin(), kMakers.end(), [&](const Maker& maker) { return maker.name == name; });
  return found == kMakers.end() ? nullptr : found;
}

}  // namespace attune::train
