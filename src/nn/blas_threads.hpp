// OpenBLAS has its own threads; ours already share the work out by sequences.
#pragma once

namespace attune::nn {

// Makes every matrix product run on the thread that asks for it, for the whole process. Costs nothing after the first
// call. A product cut up among threads could also add its terms in another order (invariant 3).
void use_one_blas_thread();

}  // namespace attune::nn
