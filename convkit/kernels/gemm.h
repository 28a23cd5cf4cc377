/* Matrix product for float and double, compiled for several instruction sets; the best one the processor has is taken.
 *
 * No BLAS stands behind it: its result depends on neither the number of threads nor how the work is divided among them,
 * which no threaded BLAS promises, and the same bits twice are what a checkpoint needs to be resumed exactly.
 */
#ifndef CONVKIT_GEMM_H
#define CONVKIT_GEMM_H
#include <stddef.h>

#if !defined(__GNUC__) && !defined(restrict)
#define restrict __restrict
#endif

/* Block sizes: a block of A (MC x KC) stays in the L2 cache, a panel of B in L1. */
enum { GEMM_MC = 144, GEMM_KC = 256, GEMM_NC = 512 };
/* Elements of scratch memory that one call needs; the padding of the last panels included (a panel is at most 32 wide). */
enum { GEMM_WORK = GEMM_KC * (GEMM_MC + GEMM_NC + 64) };

typedef void (*gemm_f32_fn)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const float *a, ptrdiff_t a_row, ptrdiff_t a_col, const float *b,
                            ptrdiff_t b_row, ptrdiff_t b_col, float *c, ptrdiff_t ldc, int accumulate, float *work);
typedef void (*gemm_f64_fn)(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, const double *a, ptrdiff_t a_row, ptrdiff_t a_col,
                            const double *b, ptrdiff_t b_row, ptrdiff_t b_col, double *c, ptrdiff_t ldc, int accumulate,
                            double *work);

extern gemm_f32_fn gemm_f32;
extern gemm_f64_fn gemm_f64;
#endif
