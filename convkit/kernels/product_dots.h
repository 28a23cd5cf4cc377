/* Matrix product, vector lanes = terms: for few rows of a and a transposed b (dx of a batch of one to four).
 *
 * Both a and b then have the terms of a sum side by side. A task takes a block of columns of c. For LANES columns at a time,
 * in fours: the products are summed lane by lane, R rows of a with 4 columns of b in R*4 registers; then the lanes of all
 * LANES sums are added by one transposition. b is read once, in order.
 */
#include "product.h"

/* sums[j], j < count <= 4: vectors whose lanes add up to the sum of a[t] * b[j*b_col + t]; r < R rows of a, rows of sums LANES apart. */
#define PRODUCT_DOTS(R) \
    static __attribute__((noinline)) void NAME(product_dots_##R)(ptrdiff_t terms, const REAL *a, ptrdiff_t a_row, const REAL *b, \
                                                                 ptrdiff_t b_col, ptrdiff_t count, VEC *sums) \
    { \
        VEC sum[R][4]; \
        const REAL *column[4]; \
        UNROLL for (int r = 0; r < R; r++) UNROLL for (int j = 0; j < 4; j++) sum[r][j] = (VEC){0}; \
        UNROLL for (int j = 0; j < 4; j++) column[j] = b + SMALLER(j, count - 1) * b_col; \
        ptrdiff_t t = 0; \
        for (; t + LANES <= terms; t += LANES) \
            UNROLL for (int j = 0; j < 4; j++) \
            { \
                VEC value = NAME(load)(column[j] + t); \
                UNROLL for (int r = 0; r < R; r++) sum[r][j] += NAME(load)(a + r * a_row + t) * value; \
            } \
        if (t < terms) \
            for (int j = 0; j < 4; j++) { \
                VEC value = NAME(load_part)(column[j] + t, terms - t); \
                for (int r = 0; r < R; r++) sum[r][j] += NAME(load_part)(a + r * a_row + t, terms - t) * value; \
            } \
        for (int j = 0; j < count; j++) \
            for (int r = 0; r < R; r++) sums[r * LANES + j] = sum[r][j]; \
    }
PRODUCT_DOTS(1)
PRODUCT_DOTS(2)
PRODUCT_DOTS(3)
PRODUCT_DOTS(4)

static void NAME(product_dots)(const void *args, ptrdiff_t task, void *scratch)
{
    static void (*const dots[])(ptrdiff_t, const REAL *, ptrdiff_t, const REAL *, ptrdiff_t, ptrdiff_t, VEC *) = {
        NAME(product_dots_1), NAME(product_dots_2), NAME(product_dots_3), NAME(product_dots_4)};
    const Product *p = args;
    ptrdiff_t first = task * p->task_cols, end = SMALLER(first + p->task_cols, p->n);
    (void)scratch;
    for (ptrdiff_t j = first; j < end; j += LANES) {
        ptrdiff_t count = SMALLER(end - j, (ptrdiff_t)LANES);
        VEC sums[4][LANES];
        const REAL *b = (const REAL *)p->b + j * p->b_col;
        memset(sums, 0, sizeof sums);
        for (ptrdiff_t i = 0; i < count; i += 4)
            dots[p->m - 1](p->k, p->a, p->a_row, b + i * p->b_col, p->b_col, SMALLER(count - i, 4), &sums[0][i]);
        for (ptrdiff_t r = 0; r < p->m; r++) {
            NAME(transpose)(sums[r]);
            VEC total = sums[r][0];
            UNROLL
            for (int i = 1; i < LANES; i++) total += sums[r][i];
            if (p->bias) total += NAME(load_part)((const REAL *)p->bias + j, count);
            NAME(store_part)((REAL *)p->c + r * p->n + j, p->relu ? NAME(relu)(total) : total, count);
        }
    }
}
