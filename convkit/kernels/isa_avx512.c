/* All kernels, compiled for processors with AVX-512. */
#if defined(__GNUC__) && defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")
#endif
#define ISA() _avx512
#define VBYTES 64
#define MR 12
#include "all_kernels.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int isa_avx512_is_not_for_this_platform;
#endif
