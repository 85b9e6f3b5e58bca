// Random unit vectors in clusters, like those of real passages: many near each other, none alike.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "index/fake_store.hpp"

namespace attune::testing {

class ClusteredVectors {
 public:
  ClusteredVectors(std::size_t dimension, std::size_t clusters, unsigned seed) : dimension_(dimension), random_(seed) {
    for (std::size_t i = 0; i < clusters; ++i) centres_.push_back(gauss(1.0F));
  }

  // A vector near a random centre, of unit length.
  std::vector<float> next() {
    const auto& centre = centres_[std::uniform_int_distribution<std::size_t>(0, centres_.size() - 1)(random_)];
    std::vector<float> vector = gauss(0.7F);
    for (std::size_t i = 0; i < dimension_; ++i) vector[i] += centre[i];
    return normalised(std::move(vector));
  }

 private:
  std::vector<float> gauss(float width) {
    std::normal_distribution<float> normal(0.0F, width);
    std::vector<float> vector(dimension_);
    for (float& value : vector) value = normal(random_);
    return vector;
  }
  static std::vector<float> normalised(std::vector<float> vector) {
    double square = 0;
    for (const float value : vector) square += static_cast<double>(value) * value;
    for (float& value : vector) value = static_cast<float>(value / std::sqrt(square));
    return vector;
  }

  std::size_t dimension_;
  std::mt19937 random_;
  std::vector<std::vector<float>> centres_;
};

}  // namespace attune::testing
