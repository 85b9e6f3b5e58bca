// A whole E5S1 container of a few kilobytes: width 32, two layers, two heads, nine pieces.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

#include "temporary_folder.hpp"

namespace attune::testing {

using TemporaryDirectory = attune::testing::TemporaryFolder;

class TinyContainer {
 public:
  static constexpr std::int32_t kWidth = 32;
  static constexpr std::int32_t kInner = 64;
  static constexpr std::int32_t kPositions = 16;
  std::vector<std::string> pieces = {"<s>", "<pad>", "</s>", "<unk>", "▁", "a", "b", "ab", "▁ab"};

  struct Tensor {
    std::string name;
    std::uint8_t type = 0;
    std::uint32_t elements = 0;
    std::string bytes;
  };
  std::vector<Tensor> tensors;

  TinyContainer() {
    add_q4("emb.word", 12, kWidth);  // three rows more than pieces, as in the real one
    add_f32("emb.pos", kPositions * kWidth, 0.02F);
    add_f32("emb.type", 2 * kWidth, 0.02F);
    add_norm("emb.ln");
    for (const std::string layer : {"l0.", "l1."}) {
      for (const char* part : {"q", "k", "v", "ao"}) add_linear(layer + part, kWidth, kWidth);
      add_norm(layer + "aln");
      add_linear(layer + "fi", kInner, kWidth);
      add_linear(layer + "fo", kWidth, kInner);
      add_norm(layer + "oln");
    }
  }

  Tensor& tensor(const std::string& name) {
    for (Tensor& candidate : tensors) {
      if (candidate.name == name) return candidate;
    }
    return tensors.front();
  }

  [[nodiscard]] std::string bytes() const {
    std::string file = "E5S1";
    put<std::uint32_t>(file, 1);
    for (const std::int32_t size : {kWidth, 2, 2, kInner, 12, kPositions, 2}) put(file, size);
    put(file, 1e-12F);
    put<std::int32_t>(file, 32);
    put(file, static_cast<std::int32_t>(pieces.size()));
    for (const std::int32_t id : {0, 2, 1, 3}) put(file, id);
    std::string blob;
    for (const std::string& piece : pieces) blob += piece;
    put<std::uint64_t>(file, blob.size());
    std::uint32_t offset = 0;
    put(file, offset);
    for (const std::string& piece : pieces) put(file, offset += static_cast<std::uint32_t>(piece.size()));
    for (std::size_t id = 0; id < pieces.size(); ++id) put(file, id < 4 ? 0.0F : -1.0F - static_cast<float>(id));
    file += blob;
    put<std::int32_t>(file, 1);  // the map: a tab becomes a space
    put<std::uint32_t>(file, 9);
    put<std::uint32_t>(file, '\t');
    put<std::uint8_t>(file, 1);
    put<std::uint32_t>(file, ' ');
    return file + tensor_part(file.size());
  }

 private:
  template <typename T>
  static void put(std::string& to, T value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  std::string tensor_part(std::size_t start) const {
    std::size_t at = start + sizeof(std::int32_t);
    for (const Tensor& tensor : tensors) at += 2 + tensor.name.size() + 1 + 4 + 8 + 8;
    std::string part;
    put(part, static_cast<std::int32_t>(tensors.size()));
    std::string data;
    for (const Tensor& tensor : tensors) {
      put(part, static_cast<std::uint16_t>(tensor.name.size()));
      part += tensor.name;
      put(part, tensor.type);
      put(part, tensor.elements);
      put<std::uint64_t>(part, at + data.size());
      put<std::uint64_t>(part, tensor.bytes.size());
      data += tensor.bytes;
    }
    return part + data;
  }

  float next(float range) {
    state_ = state_ * 1664525U + 1013904223U;
    return (static_cast<float>(state_ >> 8U) / 8388608.0F - 1.0F) * range;
  }
  void add_f32(const std::string& name, std::int32_t elements, float range, float middle = 0) {
    std::string bytes;
    for (std::int32_t index = 0; index < elements; ++index) put(bytes, middle + next(range));
    tensors.push_back({name, 0, static_cast<std::uint32_t>(elements), bytes});
  }
  void add_q4(const std::string& name, std::int32_t rows, std::int32_t columns) {
    std::string bytes;
    for (std::int32_t block = 0; block < rows * columns / 32; ++block) {
      put<std::uint16_t>(bytes, 0x2C00);  // FP16 0.0625
      for (int index = 0; index < 16; ++index) {
        state_ = state_ * 1664525U + 1013904223U;
        put(bytes, static_cast<std::uint8_t>(state_ >> 24U));
      }
    }
    tensors.push_back({name, 1, static_cast<std::uint32_t>(rows * columns), bytes});
  }
  void add_linear(const std::string& name, std::int32_t out, std::int32_t in) {
    add_q4(name + ".w", out, in);
    add_f32(name + ".b", out, 0.1F);
  }
  void add_norm(const std::string& name) {
    add_f32(name + ".w", kWidth, 0.1F, 1);
    add_f32(name + ".b", kWidth, 0.1F);
  }

  std::uint32_t state_ = 7;
};

}  // namespace attune::testing
