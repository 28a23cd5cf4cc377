/* Columns of dout: their sums, and what a ReLU lets through, see Columns in product.h. Task: a block of columns, all rows. */
#include "product.h"
static void NAME(columns)(const void *args, ptrdiff_t task, void *scratch)
{
    const Columns *p = args;
    ptrdiff_t first = task * p->task_cols, end = SMALLER(first + p->task_cols, p->n);
    (void)scratch;
    for (ptrdiff_t j = first; j < end; j += LANES) {
        ptrdiff_t lanes = SMALLER(end - j, (ptrdiff_t)LANES);
        VEC total = {0};
        for (ptrdiff_t at = j; at < p->m * p->n; at += p->n) {
            VEC value = NAME(load_part)((const REAL *)p->dout + at, lanes);
            if (p->out) {
                value = (VEC)((IVEC)value & (IVEC)(NAME(load_part)((const REAL *)p->out + at, lanes) > (VEC){0}));
                NAME(store_part)((REAL *)p->masked + at, value, lanes);
            }
            total += value;
        }
        NAME(store_part)((REAL *)p->sums + j, total, lanes);
    }
}
