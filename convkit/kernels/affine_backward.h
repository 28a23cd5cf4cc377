/* The backward pass of an affine layer with a large w, see AffineBackward and AffineUpdate in product.h. Task: a block of rows
 * of w.
 *
 * w is larger than the caches, and reading it is a good part of the work. So what needs a row of it, or of dw, is done while
 * they are there: dx reads the block of w, then its block of dw comes into being, then both meet in weight decay.
 *
 * In training dw is wanted for one thing only, the step of the update rule. So it can wait until then (convkit/deferred.py):
 * each block of it comes into being in scratch memory, and the rule uses it up there.
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

static void NAME(affine_update)(const void *args, ptrdiff_t task, void *scratch)
{
    const AffineUpdate *p = args;
    Product dw = p->dw; /* of these rows alone */
    ptrdiff_t first = task * dw.task_rows, start = first * dw.n;
    dw.m = SMALLER(dw.task_rows, dw.m - first);
    dw.a = (const REAL *)dw.a + first * dw.a_row;
    dw.c = (char *)scratch + p->work;
    for (ptrdiff_t j = 0; j < dw.col_tasks; j++) NAME(product)(&dw, j, scratch);

    Update update = p->update;
    update.size = dw.m * dw.n;
    update.w = (const REAL *)update.w + start;
    update.dw = dw.c;
    update.next = (REAL *)update.next + start;
    for (int i = 0; i < 2; i++) {
        if (update.from[i]) update.from[i] = (const REAL *)update.from[i] + start;
        if (update.to[i]) update.to[i] = (REAL *)update.to[i] + start;
    }
    if (p->decay != 0) NAME(scaled)(update.w, dw.c, (REAL)p->decay, update.size);
    for (ptrdiff_t i = 0; i * UPDATE_BLOCK < update.size; i++) p->rule(&update, i, NULL);
}
