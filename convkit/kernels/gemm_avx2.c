/* The matrix product of gemm_impl.h compiled for processors with AVX2. */
#if defined(__GNUC__) && defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#include <string.h>

#include "gemm.h"

#define VBYTES 32
#define MR 6

#define REAL float
#define NAME(x) x##_f32_avx2
#include "gemm_impl.h"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_f64_avx2
#include "gemm_impl.h"

const gemm_f32_fn gemm_avx2_f32 = gemm_f32_avx2;
const gemm_f64_fn gemm_avx2_f64 = gemm_f64_avx2;
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int gemm_avx2_is_not_for_this_platform;
#endif
