// Named tensors, wherever they come from: what Hugging Face files and ONNX graphs are both turned into.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attune/core/result.hpp"

#include "model/encoder_weights.hpp"

namespace attune {

struct TensorView {
  std::optional<NumberType> type;    // none: a type that no weight has
  std::string type_name;             // as the file calls it
  std::vector<std::uint64_t> shape;  // [rows, columns], also where the bytes are transposed
  std::span<const std::uint8_t> bytes;
  bool transposed = false;
};

class TensorTable {
 public:
  void add(const std::string& name, TensorView view) { views_.insert_or_assign(name, std::move(view)); }
  [[nodiscard]] const std::map<std::string, TensorView>& views() const { return views_; }
  [[nodiscard]] const TensorView* find(const std::string& name) const;

  // A matrix of that shape. Fails with corrupt, naming the tensor: absent, another shape, bytes that do not fit it;
  // with unsupported for a type that is none of FP32, FP16 and BF16. Values are not looked at.
  [[nodiscard]] Result<WeightMatrix> matrix(const std::string& name, std::size_t rows, std::size_t columns) const;

  // A copy of a tensor of one dimension as FP32. Fails like matrix(), and with corrupt on a number that is not finite.
  [[nodiscard]] Result<std::vector<float>> vector(const std::string& name, std::size_t size) const;

  // Rows `first` … `first + count - 1` of a matrix of that shape, as FP32. Fails like vector().
  struct Rows {
    std::size_t rows = 0;  // of the whole matrix
    std::size_t columns = 0;
    std::size_t first = 0;
    std::size_t count = 0;
  };
  [[nodiscard]] Result<std::vector<float>> rows(const std::string& name, const Rows& wanted) const;

 private:
  std::map<std::string, TensorView> views_;
};

// "tensor 'name': text"
Error tensor_error(const std::string& name, const std::string& text, ErrorKind kind = ErrorKind::corrupt);

std::string shape_text(const std::vector<std::uint64_t>& shape);  // "[384, 1536]"

// Corrupt, naming the tensor, if a value is not finite: it would spread to every score.
Status check_finite(const std::string& name, std::span<const float> values);

}  // namespace attune
