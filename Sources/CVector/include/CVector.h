// Fused multiply-add of whole vectors: the one operation that Swift's SIMD types spell as a loop over lanes. LLVM puts such a
// loop together again, but in another order, which spills in a register tile of 6 x 2 AVX2 vectors.
//
// Where the including module's flags have no FMA, each lane would be a call of fmaf: such a module doesn't call these.

#pragma once

typedef float cvector4 __attribute__((ext_vector_type(4)));
typedef float cvector8 __attribute__((ext_vector_type(8)));
typedef float cvector16 __attribute__((ext_vector_type(16)));

#define CVECTOR_INLINE static inline __attribute__((always_inline))

/// a * b + c, rounded once.
CVECTOR_INLINE cvector4 cvector4_fma(cvector4 a, cvector4 b, cvector4 c) { return __builtin_elementwise_fma(a, b, c); }
CVECTOR_INLINE cvector8 cvector8_fma(cvector8 a, cvector8 b, cvector8 c) { return __builtin_elementwise_fma(a, b, c); }
CVECTOR_INLINE cvector16 cvector16_fma(cvector16 a, cvector16 b, cvector16 c) {
  return __builtin_elementwise_fma(a, b, c);
}
