/* Max pooling, one window after the other: what windows of any size go through, on any compiler.
 *
 * A task is a block of planes. winner is an array of bytes or of ptrdiff_t.
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
    ptrdiff_t n, i, j, ii, jj, of_row = p->cols * p->kernel_h * p->kernel_w, done = 0;
    (void)scratch;
    for (n = at.plane; n < at.plane + at.planes; n++)
        for (i = 0; i < p->rows; i++) {
            if ((done += of_row) > (1 << 16)) {
                if (parallel_stopped()) return;
                done = 0;
            }
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
                if (p->relu && !(best > 0)) winner = -1;
                if (p->large_window)
                    ((ptrdiff_t *)p->winner)[o] = winner;
                else
                    ((unsigned char *)p->winner)[o] = (unsigned char)winner; /* -1: NO_WINNER */
            }
        }
}

/* The gradient: each is added where its maximum stood, windows in order. What would be compared and added by vectors is 9 times
 * as much for 3x3 windows, and measured no faster.
 *
 * n windows, of which n is known to the compiler: first it is looked up where all of them add, then they do; a read behind a store
 * waits until it is known where the store goes. window: where the first begins, the others step apart; offset: where each tap stands
 * from there. */
static inline void NAME(pool_scatter_some)(int n, REAL *dx, ptrdiff_t window, ptrdiff_t step, const REAL *dout,
                                           const unsigned char *winner, const ptrdiff_t *offset, int relu)
{
    ptrdiff_t at[4];
    int k;
    for (k = 0; k < n; k++) at[k] = window + k * step + offset[winner[k]];
    for (k = 0; k < n; k++)
        if (!relu || winner[k] != NO_WINNER) dx[at[k]] += dout[k];
}

static inline void NAME(pool_scatter_plane)(const Pool *p, const REAL *dout, const unsigned char *winner, const ptrdiff_t *offset,
                                            int relu, REAL *dx)
{
    ptrdiff_t cols = p->cols, step = p->stride_w, fours = cols < 8 ? 0 : cols / 4 * 4, i, j; /* short rows: no faster in fours */
    for (i = 0; i < p->rows; i++, dout += cols, winner += cols) {
        ptrdiff_t window = (i * p->stride_h - p->pad_h) * p->W - p->pad_w;
        for (j = 0; j < fours; j += 4) NAME(pool_scatter_some)(4, dx, window + j * step, step, dout + j, winner + j, offset, relu);
        for (; j < cols; j++) NAME(pool_scatter_some)(1, dx, window + j * step, step, dout + j, winner + j, offset, relu);
    }
}

/* The same with windows of more than NO_WINNER elements. */
static void NAME(pool_scatter_large)(const Pool *p, const REAL *dout, const ptrdiff_t *winner, REAL *dx)
{
    ptrdiff_t i, j;
    for (i = 0; i < p->rows; i++)
        for (j = 0; j < p->cols; j++, dout++, winner++) {
            ptrdiff_t row = i * p->stride_h - p->pad_h + *winner / p->kernel_w * p->dilation_h;
            if (*winner >= 0) dx[row * p->W + j * p->stride_w - p->pad_w + *winner % p->kernel_w * p->dilation_w] += *dout;
        }
}

static void NAME(pool_scatter)(const void *args, ptrdiff_t task, void *scratch)
{
    const Pool *p = args;
    PoolPlace at = pool_place(p, task, p->H);
    ptrdiff_t size = p->H * p->W, windows = p->rows * p->cols, n, t, offset[NO_WINNER + 1];
    REAL *dx = (REAL *)p->out + at.plane * size;
    (void)scratch;
    for (t = 0; !p->large_window && t < p->kernel_h * p->kernel_w; t++)
        offset[t] = t / p->kernel_w * p->dilation_h * p->W + t % p->kernel_w * p->dilation_w;
    offset[NO_WINNER] = 0; /* looked up with the others, but nothing is added there */
    memset(dx, 0, sizeof(REAL) * (size_t)(at.planes * size));
    for (n = at.plane; n < at.plane + at.planes; n++, dx += size) {
        const REAL *dout = (const REAL *)p->in + n * windows;
        const unsigned char *winner = (const unsigned char *)p->winner + n * windows;
        if (p->large_window)
            NAME(pool_scatter_large)(p, dout, (const ptrdiff_t *)p->winner + n * windows, dx);
        else if (p->relu)
            NAME(pool_scatter_plane)(p, dout, winner, offset, 1, dx);
        else
            NAME(pool_scatter_plane)(p, dout, winner, offset, 0, dx);
    }
}
