#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include "CProcessor.h"

#if defined(__linux__)
int cprocessor_affinity_count(void) {
  cpu_set_t masks[8] = {{{0}}};  // 8192 processors
  return sched_getaffinity(0, sizeof masks, masks) == 0 ? CPU_COUNT_S(sizeof masks, masks) : 0;
}
#else
int cprocessor_affinity_count(void) { return 0; }
#endif

#if defined(__x86_64__)
bool cprocessor_supports_avx2(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2");
}

bool cprocessor_supports_avx512(void) {
  return cprocessor_supports_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

bool cprocessor_supports_avx512bf16(void) {
  return cprocessor_supports_avx512() && __builtin_cpu_supports("avx512bf16");
}
#else
bool cprocessor_supports_avx2(void) { return false; }
bool cprocessor_supports_avx512(void) { return false; }
bool cprocessor_supports_avx512bf16(void) { return false; }
#endif
