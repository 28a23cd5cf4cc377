/* The backward pass of an affine layer with a large w, see AffineBackward and AffineUpdate in product.h. Task: a block of rows
 * of w.
 *
 * w is larger than the caches, and reading it is a good part of the work. So what needs a row of it, or of dw, is done while
 * they are there: dx reads the block of w, then its block of dw comes into being, then both meet in weight decay.
 */
#include "product.h"

static void NAME(affine_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const AffineBackward *p = args;
    ptrdiff_t first = task * p->dw.task_rows, rows = SMALLER(p->dw.task_rows, p->dw.m - first), n = p->dw.n;
    if (p->dx.c && p->dx.dots)
        NAME(product_dots)(&p->dx, task, scratch);
    else if (p->dx.c)
        for (ptrdiff_t i = 0; i < p->dx.row_tasks; i++) NAME(product)(&p->dx, i * p->dx.col_tasks + task, scratch);
    if (p->dw.c)
        for (ptrdiff_t j = 0; j < p->dw.col_tasks; j++) NAME(product)(&p->dw, task * p->dw.col_tasks + j, scratch);
    if (p->squares)
        p->squares[task] = NAME(scaled)((const REAL *)p->w + first * n, p->dw.c ? (REAL *)p->dw.c + first * n : NULL, (REAL)p->decay,
                                        rows * n);
}
