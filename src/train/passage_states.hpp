// What the frozen lower layers say of each passage, computed once and kept in a file: training then runs the joint
// layers only.
//
// Each token's W numbers are rounded to 8 bits with a scale of their own, as a passage's stored states are at search
// time. Reading is thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/core/result.hpp"
#include "attune/embed.hpp"
#include "attune/model/joint.hpp"

namespace attune::train {

class PassageStates {
 public:
  using ProgressSink = std::function<void(std::size_t done, std::size_t total)>;

  // States of all texts, out of the file in `folder` that is named after texts, model and wishes, or computed and
  // written there. Fails with cancelled, io, and as Embedder::read.
  static Result<PassageStates> open(std::span<const std::string> texts, const Embedder& embedder,
                                    const StatesWanted& wanted, const std::filesystem::path& folder,
                                    const ProgressSink& progress = {}, const std::stop_token& stop = {});

  // [tokens, W]
  void read(std::size_t text, std::vector<float>& states) const;
  [[nodiscard]] std::span<const float> vector(std::size_t text) const;
  [[nodiscard]] std::size_t tokens(std::size_t text) const { return starts_[text + 1] - starts_[text]; }
  [[nodiscard]] std::size_t width() const { return width_; }

 private:
  Status load(const std::filesystem::path& file, std::size_t texts);
  Status compute(std::span<const std::string> texts, const Embedder& embedder, const StatesWanted& wanted,
                 const ProgressSink& progress, const std::stop_token& stop);
  [[nodiscard]] Status save(const std::filesystem::path& file) const;

  std::size_t width_ = 0;
  std::vector<std::uint64_t> starts_;  // [texts + 1] first tokens
  std::vector<float> vectors_;         // [texts, W]
  RoundedStates states_;               // of all texts, one after the other
};

}  // namespace attune::train
