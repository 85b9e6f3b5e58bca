// What every *_simd.cpp includes: one source, compiled by Highway once for each instruction set and chosen at run time
// (cpu_level.cpp tells Highway which). The file that includes this sets HWY_TARGET_INCLUDE to its own name first.
// No include guard here: Highway includes the whole file again for each target.
#ifndef HWY_DISABLED_TARGETS
// Below AVX2 the scalar kernels run; these two would only be compiled in vain.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#endif
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
