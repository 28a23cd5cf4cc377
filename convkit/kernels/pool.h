/* Max pooling as the kernels see it: planes (a channel of an image each) of H x W pixels, windows of kernel_h x kernel_w.
 *
 *   out[p, i, j] = max over ii, jj of in[p, i*stride_h + ii*dilation_h - pad_h, j*stride_w + jj*dilation_w - pad_w]
 *
 * where what lies outside of the plane does not count. winner[p, i, j] = ii*kernel_w + jj says where in its window the
 * maximum stood: the first of equal ones, and NaN before any number. The gradient of out goes to that pixel.
 */
#ifndef CONVKIT_POOL_H
#define CONVKIT_POOL_H
#include "kernels.h"

enum { NO_WINNER = 255 }; /* (in the larger type -1) */

typedef struct {
    const void *in;  /* x; backward: dout, the gradient of out */
    void *out;       /* out; backward: dx, the gradient of x */
    void *winner;    /* bytes, or ptrdiff_t where the window has more than NO_WINNER elements (only plain kernels take these) */
    ptrdiff_t planes, H, W, rows, cols; /* rows, cols: windows on an axis */
    ptrdiff_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_h, pad_w;
    int large_window; /* whether winner is of the larger type */
    int relu;         /* what is pooled came out of a ReLU: a maximum that is not above 0 takes no gradient, so it has no winner */

    /* Blocking, set by the plan: a task is a block of planes, or a block of rows (mostly of windows) of one plane. */
    ptrdiff_t task_planes, task_rows, row_tasks;
    ptrdiff_t phases_h, phases_w;            /* phases that a window sees */
    ptrdiff_t reach_h, reach_w;              /* rows and columns of a phase that a window sees, minus 1 */
    ptrdiff_t pitch, plane_step, phase_step; /* of the slab: a row, a plane, a phase */
    const ptrdiff_t *offset;                 /* of each tap in the slab */
} Pool;

/* The planes and rows of a task. */
typedef struct {
    ptrdiff_t plane, planes, row, rows;
} PoolPlace;

static inline PoolPlace pool_place(const Pool *p, ptrdiff_t task, ptrdiff_t all_rows)
{
    PoolPlace at;
    at.row = task % p->row_tasks * p->task_rows;
    at.rows = SMALLER(p->task_rows, all_rows - at.row);
    at.plane = task / p->row_tasks * p->task_planes;
    at.planes = SMALLER(p->task_planes, p->planes - at.plane);
    return at;
}
#endif
