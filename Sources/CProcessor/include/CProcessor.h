// What the processor and the operating system let us run. Swift has no `__builtin_cpu_supports`; this is all the C we
// need for it. The builtin asks CPUID and XGETBV, so an AVX-512 processor under a kernel that doesn't save ZMM says no.
#ifndef CPROCESSOR_H
#define CPROCESSOR_H

#include <stdbool.h>

/// AVX2, FMA and what else x86-64-v3 code may use.
bool cprocessor_supports_avx2(void);

/// AVX-512 F, BW, CD, DQ and VL: x86-64-v4.
bool cprocessor_supports_avx512(void);

/// The same and AVX512_BF16.
bool cprocessor_supports_avx512bf16(void);

/// How many processors this thread may run on; 0 where the system doesn't say.
int cprocessor_affinity_count(void);

/// Asks for the cache line that `address` is in; never faults.
static inline void cprocessor_prefetch(const void *address) { __builtin_prefetch(address); }

/// A turn of a loop that waits for another thread: the core's other thread has more of it meanwhile.
static inline void cprocessor_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#endif
