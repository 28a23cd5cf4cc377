/* All kernels, compiled for processors with AVX2 and FMA. */
#if defined(__GNUC__) && defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define ISA() _avx2
#define VBYTES 32
#define MR 6
#include "all_kernels.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int isa_avx2_is_not_for_this_platform;
#endif
