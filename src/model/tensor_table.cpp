#include "model/tensor_table.hpp"

#include <algorithm>
#include <cmath>

namespace attune {
namespace {

std::size_t bytes_of(NumberType type) {
  return type == NumberType::f32 ? 4 : 2;
}

// The named tensor, of a type that weights have.
Result<const TensorView*> find_weight(const TensorTable& table, const std::string& name,
                                      const std::vector<std::uint64_t>& shape) {
  const TensorView* view = table.find(name);
  if (view == nullptr) return tensor_error(name, "is missing");
  if (!view->type) {
    return tensor_error(name, "has type " + view->type_name + ", this program reads FP32, FP16 and BF16",
                        ErrorKind::unsupported);
  }
  if (view->shape != shape) {
    return tensor_error(name, "has shape " + shape_text(view->shape) + ", not " + shape_text(shape));
  }
  std::uint64_t bytes = bytes_of(*view->type);
  for (const std::uint64_t size : shape) bytes *= size;  // sizes are bounded by whoever asks
  if (bytes != view->bytes.size()) return tensor_error(name, "its bytes do not fit its shape");
  return view;
}

WeightMatrix matrix_of(const TensorView& view, std::size_t rows, std::size_t columns) {
  return {*view.type, view.bytes, {}, rows, columns, view.transposed};
}

}  // namespace

Error tensor_error(const std::string& name, const std::string& text, ErrorKind kind) {
  return Error{kind, "tensor '" + name + "': " + text};
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (const std::uint64_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

Status check_finite(const std::string& name, std::span<const float> values) {
  if (std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) return {};
  return tensor_error(name, "holds a number that is not finite");
}

const TensorView* TensorTable::find(const std::string& name) const {
  const auto found = views_.find(name);
  return found == views_.end() ? nullptr : &found->second;
}

Result<WeightMatrix> TensorTable::matrix(const std::string& name, std::size_t rows, std::size_t columns) const {
  const auto view = find_weight(*this, name, {rows, columns});
  if (!view) return view.error();
  return matrix_of(**view, rows, columns);
}

Result<std::vector<float>> TensorTable::vector(const std::string& name, std::size_t size) const {
  const auto view = find_weight(*this, name, {size});
  if (!view) return view.error();
  std::vector<float> values(size);
  read_rows(matrix_of(**view, 1, size), 0, 1, values);
  if (const Status status = check_finite(name, values); !status) return status.error();
  return values;
}

Result<std::vector<float>> TensorTable::rows(const std::string& name, const Rows& wanted) const {
  const auto table = matrix(name, wanted.rows, wanted.columns);
  if (!table) return table.error();
  std::vector<float> values(wanted.count * wanted.columns);
  read_rows(*table, wanted.first, wanted.count, values);
  if (const Status status = check_finite(name, values); !status) return status.error();
  return values;
}

}  // namespace attune
