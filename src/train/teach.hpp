// Teachers that are encoders: their cosine is their score.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "attune/embed.hpp"
#include "attune/train/groups.hpp"

namespace attune::train {

struct Lesson {
  std::string teacher;            // the scores' name
  std::size_t passage_bytes = 0;  // of each passage that is read, cut at a code point; 0: all
  std::filesystem::path cache;    // folder where vectors are kept
};

// Adds the cosines of queries and passages by `encoder`, whose vectors are computed once for a set and kept. Fails with
// cancelled, io, and as Embedder::embed.
Status teach(GroupSet& set, const Embedder& encoder, const Lesson& lesson,
             const std::function<void(std::size_t done, std::size_t total)>& progress, const std::stop_token& stop);

}  // namespace attune::train
