/* Max pooling, one window after the other: what windows of any size go through, on any compiler.
 *
 * A task is a block of planes. winner is of type uint8_t or ptrdiff_t.
 */
#include "pool.h"

/* The numbers ii, first <= ii < end, for which start + ii*dilation lies in 0 .. size-1. */
static inline ptrdiff_t NAME(first_inside)(ptrdiff_t start, ptrdiff_t dilation)
{
    return start < 0 ? CEIL_DIV(-start, dilation) : 0;
}
static inline ptrdiff_t NAME(end_inside)(ptrdiff_t start, ptrdiff_t dilation, ptrdiff_t kernel, ptrdiff_t size)
{
    return start >= size ? 0 : SMALLER(kernel, CEIL_DIV(size - start, dilation));
}

static void NAME(pool_plain)(const void *args, ptrdiff_t task, void *scratch)
{
    const Pool *p = args;
    PoolPlace at = pool_place(p, task, p->rows);
    ptrdiff_t n, i, j, ii, jj;
    (void)scratch;
    for (n = at.plane; n < at.plane + at.planes; n++)
        for (i = 0; i < p->rows; i++) {
            ptrdiff_t top = i * p->stride_h - p->pad_h, o = (n * p->rows + i) * p->cols;
            ptrdiff_t first_row = NAME(first_inside)(top, p->dilation_h);
            ptrdiff_t end_row = NAME(end_inside)(top, p->dilation_h, p->kernel_h, p->H);
            for (j = 0; j < p->cols; j++, o++) {
                ptrdiff_t left = j * p->stride_w - p->pad_w;
                ptrdiff_t first_col = NAME(first_inside)(left, p->dilation_w);
                ptrdiff_t end_col = NAME(end_inside)(left, p->dilation_w, p->kernel_w, p->W);
                ptrdiff_t winner = first_row * p->kernel_w + first_col;
                const REAL *plane = (const REAL *)p->in + n * p->H * p->W;
                REAL best = plane[(top + first_row * p->dilation_h) * p->W + left + first_col * p->dilation_w];
                for (ii = first_row; ii < end_row; ii++) {
                    const REAL *row = plane + (top + ii * p->dilation_h) * p->W + left;
                    for (jj = first_col; jj < end_col; jj++) {
                        REAL value = row[jj * p->dilation_w];
                        if (!(value <= best) && best == best) {
                            best = value;
                            winner = ii * p->kernel_w + jj;
                        }
                    }
                }
                ((REAL *)p->out)[o] = best;
                if (p->large_window)
                    ((ptrdiff_t *)p->winner)[o] = winner;
                else
                    ((unsigned char *)p->winner)[o] = (unsigned char)winner;
            }
        }
}

static void NAME(pool_plain_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Pool *p = args;
    PoolPlace at = pool_place(p, task, p->H);
    ptrdiff_t n, i, j;
    (void)scratch;
    for (n = at.plane; n < at.plane + at.planes; n++) {
        REAL *dx = (REAL *)p->out + n * p->H * p->W;
        ptrdiff_t o = n * p->rows * p->cols;
        memset(dx, 0, sizeof(REAL) * (size_t)(p->H * p->W));
        for (i = 0; i < p->rows; i++)
            for (j = 0; j < p->cols; j++, o++) {
                ptrdiff_t winner = p->large_window ? ((ptrdiff_t *)p->winner)[o] : ((unsigned char *)p->winner)[o];
                ptrdiff_t y = i * p->stride_h - p->pad_h + winner / p->kernel_w * p->dilation_h;
                ptrdiff_t x = j * p->stride_w - p->pad_w + winner % p->kernel_w * p->dilation_w;
                REAL gradient = ((const REAL *)p->in)[o];
                if (p->cut && !(((const REAL *)p->cut)[o] > 0)) gradient = 0;
                dx[y * p->W + x] += gradient;
            }
    }
}
