// Eigen's view of our matrices, with its products done by OpenBLAS. Only src/nn/*.cpp include this.
#pragma once

#define EIGEN_USE_BLAS
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>

namespace attune::nn {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMatrixMap = Eigen::Map<const Matrix>;
using MatrixMap = Eigen::Map<Matrix>;
using ConstVectorMap = Eigen::Map<const Eigen::RowVectorXf>;
using VectorMap = Eigen::Map<Eigen::RowVectorXf>;
// Columns of a wider matrix: rows are `outerStride` numbers apart.
using ConstColumnsMap = Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>;
using ColumnsMap = Eigen::Map<Matrix, 0, Eigen::OuterStride<>>;

inline Eigen::Index as_index(std::size_t value) {
  return static_cast<Eigen::Index>(value);
}

}  // namespace attune::nn
