/* The matrix product of gemm_impl.h compiled for processors with AVX512. */
#if defined(__GNUC__) && defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")
#endif
#include <string.h>

#include "gemm.h"

#define VBYTES 64
#define MR 12

#define REAL float
#define NAME(x) x##_f32_avx512
#include "gemm_impl.h"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_f64_avx512
#include "gemm_impl.h"

const gemm_f32_fn gemm_avx512_f32 = gemm_f32_avx512;
const gemm_f64_fn gemm_avx512_f64 = gemm_f64_avx512;
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int gemm_avx512_is_not_for_this_platform;
#endif
