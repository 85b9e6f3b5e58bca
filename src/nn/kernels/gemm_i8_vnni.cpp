#include "nn/kernels/gemm_i8_avx512_lanes.h"

namespace attune::nn::kernels {
namespace {

struct Lanes : Avx512Lanes {
  static Ints lanes_for(Ints sum) { return sum; }
  static Ints add_products(Ints lanes, Ints x, Ints w) { return _mm512_dpbusd_epi32(lanes, x, w); }
  static Ints add_lanes(Ints /*sum*/, Ints lanes) { return lanes; }
};

}  // namespace
}  // namespace attune::nn::kernels

#include "nn/kernels/gemm_i8_tile.h"

namespace attune::nn::kernels {

void gemm_i8_vnni(const GemmI8& job) {
  run_all(job);
}

std::size_t peak_i8_vnni(std::size_t steps) {
  return run_peak(steps);
}

}  // namespace attune::nn::kernels
