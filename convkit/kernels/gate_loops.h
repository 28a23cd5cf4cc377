/* The kernels of gate.h. Partial sums are as many whatever the vector registers hold, so that every instruction set adds in the
 * same order. */
#include "gate.h"

static void NAME(scale_rows)(const void *args, ptrdiff_t task, void *scratch)
{
    const Gate *p = args;
    ptrdiff_t r = task * p->task_rows, last = SMALLER(r + p->task_rows, p->rows), i;
    (void)scratch;
    for (; r < last; r++) {
        const REAL *restrict in = (const REAL *)p->in + r * p->size;
        REAL *restrict out = (REAL *)p->out + r * p->size;
        REAL factor = ((const REAL *)p->factor)[r];
        if (p->shift) {
            REAL shift = ((const REAL *)p->shift)[r];
            for (i = 0; i < p->size; i++) out[i] = in[i] * factor + shift;
        } else
            for (i = 0; i < p->size; i++) out[i] = in[i] * factor;
    }
}

static void NAME(dot_rows)(const void *args, ptrdiff_t task, void *scratch)
{
    const Gate *p = args;
    ptrdiff_t r = task * p->task_rows, last = SMALLER(r + p->task_rows, p->rows), first, i;
    int l;
    (void)scratch;
    for (; r < last; r++) {
        double total = 0;
        for (first = 0; first < p->size; first += GATE_BLOCK) {
            ptrdiff_t n = SMALLER(GATE_BLOCK, p->size - first);
            const REAL *restrict a = (const REAL *)p->in + r * p->size + first;
            const REAL *restrict b = (const REAL *)p->with + r * p->size + first;
            REAL part[GATE_LANES] = {0};
            for (i = 0; i + GATE_LANES <= n; i += GATE_LANES)
                for (l = 0; l < GATE_LANES; l++) part[l] += a[i + l] * b[i + l];
            for (; i < n; i++) part[i % GATE_LANES] += a[i] * b[i];
            for (l = 0; l < GATE_LANES; l++) total += part[l];
        }
        ((REAL *)p->out)[r] = (REAL)total;
    }
}
