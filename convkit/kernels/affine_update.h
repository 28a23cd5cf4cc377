/* A step of an update rule by the gradient of an affine layer, see AffineUpdate in product.h. Task: a block of rows of w.
 *
 * In training dw is wanted for one thing only, the step of the update rule. So it can wait until then (convkit/deferred.py):
 * piece by piece it comes into being in scratch memory, and the rule uses it up there. While one piece is multiplied, the rule
 * goes over the one before it (product_beside.h).
 */
#include "product.h"

static void NAME(affine_update)(const void *args, ptrdiff_t task, void *scratch)
{
    const AffineUpdate *p = args;
    ptrdiff_t begin = task * p->dw.task_rows, end = SMALLER(begin + p->dw.task_rows, p->dw.m), n = p->dw.n;
    REAL *pieces = (REAL *)((char *)scratch + p->work);
    Product dw = p->dw; /* of a piece */
    NAME(Beside) step = {.rule = p->rule, .decay = (REAL)p->decay};
    for (int i = 0; i < 8; i++) step.numbers[i] = (REAL)p->update.numbers[i];
    dw.beside = p->beside ? &step : NULL;
    /* Without the rule beside it the block is one piece. */
    for (ptrdiff_t piece = 0, first = begin; first < end; piece++, first += dw.m) {
        dw.m = SMALLER(p->piece_rows, end - first);
        dw.a = (const REAL *)p->dw.a + first * dw.a_row;
        dw.c = pieces + piece % 2 * p->piece_rows * n;
        for (ptrdiff_t j = 0; j < dw.col_tasks; j++) NAME(product)(&dw, j, scratch);
        NAME(finish_beside)(&step);
        step.update = NAME(part_of_update)(&p->update, first * n, dw.m * n);
        step.update.dw = dw.c;
    }
    NAME(finish_beside)(&step);
}
