/* The matrix product of gemm_impl.h compiled for the baseline of the platform (SSE2 on x86-64, NEON on arm64). */
#include <string.h>

#include "gemm.h"

#define VBYTES 16
#define MR 6

#define REAL float
#define NAME(x) x##_f32_base
#include "gemm_impl.h"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) x##_f64_base
#include "gemm_impl.h"

const gemm_f32_fn gemm_base_f32 = gemm_f32_base;
const gemm_f64_fn gemm_base_f64 = gemm_f64_base;
