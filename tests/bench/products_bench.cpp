// The engine's matrix products next to OpenBLAS and oneDNN, on the shapes of a MiniLM layer, one thread each.
//
//   cmake --preset release && ninja -C build/release products_bench && build/release/tests/bench/products_bench
//
// Prints operations a second (the best of several runs) and the largest error of each, relative to the largest number:
// FP32 against sums in FP64, integers against the FP32 product. oneDNN's integers are what its users would do: one
// scale for each row of x, one for each output, without groups; making them is not in its time, while it is in ours.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <vector>

#include <cblas.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "attune/nn.hpp"

namespace {

namespace nn = attune::nn;

struct Shape {
  int tokens;
  int in;
  int out;
};

double best_seconds(const std::function<void()>& work) {
  work();
  double best = 1e9;
  for (int run = 0; run < 15; ++run) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

std::vector<float> numbers(std::size_t count, std::uint32_t seed) {
  std::vector<float> values(count);
  for (float& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = static_cast<float>(seed >> 8U) / 8388608.0F - 1.0F;
  }
  return values;
}

double largest_error(const std::vector<float>& found, const std::vector<double>& wanted) {
  double error = 0;
  double size = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    error = std::max(error, std::abs(static_cast<double>(found[i]) - wanted[i]));
    size = std::max(size, std::abs(wanted[i]));
  }
  return error / size;
}

void print(const char* name, const Shape& shape, double seconds, double error) {
  const double operations = 2.0 * shape.tokens * shape.in * shape.out;
  std::printf("  %-18s %8.1f GFLOP/s   error %.1e\n", name, operations / seconds / 1e9, error);
}

// y = x · wᵀ by a oneDNN primitive that was made and warmed up before.
class Dnnl {
 public:
  using Type = dnnl::memory::data_type;
  Dnnl(const Shape& shape, Type x_type, Type w_type, Type y_type)
      : engine_(dnnl::engine::kind::cpu, 0),
        stream_(engine_),
        x_({shape.tokens, shape.in}, x_type, dnnl::memory::format_tag::ab),
        w_({shape.in, shape.out}, w_type, dnnl::memory::format_tag::any),
        w_plain_({shape.in, shape.out}, w_type, dnnl::memory::format_tag::ba),
        y_({shape.tokens, shape.out}, y_type, dnnl::memory::format_tag::ab),
        description_(dnnl::matmul::desc(x_, w_, y_), engine_),
        product_(description_) {}

  double seconds(void* x, void* w, void* y) {
    dnnl::memory plain(w_plain_, engine_, w);
    dnnl::memory packed(description_.weights_desc(), engine_);
    dnnl::reorder(plain, packed).execute(stream_, plain, packed);
    stream_.wait();
    dnnl::memory x_memory(x_, engine_, x);
    dnnl::memory y_memory(y_, engine_, y);
    return best_seconds([&] {
      product_.execute(stream_, {{DNNL_ARG_SRC, x_memory}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DST, y_memory}});
      stream_.wait();
    });
  }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::memory::desc x_, w_, w_plain_, y_;
  dnnl::matmul::primitive_desc description_;
  dnnl::matmul product_;
};

void run(const Shape& shape) {
  std::printf("%d rows, %d inputs, %d outputs\n", shape.tokens, shape.in, shape.out);
  const auto rows = static_cast<std::size_t>(shape.tokens);
  const auto in = static_cast<std::size_t>(shape.in);
  const auto out = static_cast<std::size_t>(shape.out);
  std::vector<float> x = numbers(rows * in, 1);
  std::vector<float> w = numbers(out * in, 2);
  const std::vector<float> bias(out, 0.0F);
  std::vector<double> exact(rows * out, 0.0);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t o = 0; o < out; ++o) {
      for (std::size_t i = 0; i < in; ++i) {
        exact[row * out + o] += static_cast<double>(x[row * in + i]) * static_cast<double>(w[o * in + i]);
      }
    }
  }
  std::vector<float> y(rows * out);
  nn::Scratch scratch;
  for (const nn::Precision precision : {nn::Precision::f32, nn::Precision::i8}) {
    const auto packed = nn::PackedLinear::pack({w, bias}, precision);
    const double seconds = best_seconds([&] { nn::linear(packed, x, scratch, y); });
    print(precision == nn::Precision::f32 ? "Attune FP32" : "Attune int8", shape, seconds, largest_error(y, exact));
  }
  const double blas = best_seconds([&] {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, shape.tokens, shape.out, shape.in, 1, x.data(), shape.in,
                w.data(), shape.in, 0, y.data(), shape.out);
  });
  print("OpenBLAS FP32", shape, blas, largest_error(y, exact));
  using Type = dnnl::memory::data_type;
  const double dnnl_f32 = Dnnl(shape, Type::f32, Type::f32, Type::f32).seconds(x.data(), w.data(), y.data());
  print("oneDNN FP32", shape, dnnl_f32, largest_error(y, exact));

  std::vector<std::int8_t> x_s8(x.size());
  std::vector<std::int8_t> w_s8(w.size());
  for (std::size_t i = 0; i < x.size(); ++i) x_s8[i] = static_cast<std::int8_t>(std::lround(x[i] * 127));
  for (std::size_t i = 0; i < w.size(); ++i) w_s8[i] = static_cast<std::int8_t>(std::lround(w[i] * 127));
  std::vector<std::uint8_t> x_u8(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x_u8[i] = static_cast<std::uint8_t>(x_s8[i] + 128);
  std::vector<std::int32_t> sums(rows * out);
  const double dnnl_i8 = Dnnl(shape, Type::u8, Type::s8, Type::s32).seconds(x_u8.data(), w_s8.data(), sums.data());
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t o = 0; o < out; ++o) {
      std::int32_t shift = 0;
      for (std::size_t i = 0; i < in; ++i) shift += 128 * w_s8[o * in + i];
      y[row * out + o] = static_cast<float>(sums[row * out + o] - shift) / (127.0F * 127.0F);
    }
  }
  print("oneDNN u8 · s8", shape, dnnl_i8, largest_error(y, exact));
}

}  // namespace

int main() {
  openblas_set_num_threads(1);
  std::printf("%s, one thread; peak %.1f GFLOP/s FP32, %.1f integers\n",
              std::string(nn::cpu_level_name(nn::cpu_level())).c_str(), nn::measure_peak(nn::Precision::f32, 1) / 1e9,
              nn::measure_peak(nn::Precision::i8, 1) / 1e9);
  for (const Shape& shape :
       {Shape{10, 384, 1536}, Shape{128, 384, 1152}, Shape{128, 384, 1536}, Shape{128, 1536, 384}}) {
    run(shape);
  }
  return 0;
}
