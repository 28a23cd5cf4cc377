/* The kernels of relu.h: plain loops of which every compiler makes vectors. */
#include "relu.h"

static void NAME(relu_forward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Relu *p = args;
    ptrdiff_t first = task * RELU_TASK, n = SMALLER(p->size - first, RELU_TASK), i;
    const REAL *restrict x = (const REAL *)p->in + first;
    REAL *restrict out = (REAL *)p->out + first;
    unsigned char *restrict above = p->above + first;
    (void)scratch;
    if (p->out)
        for (i = 0; i < n; i++) {
            REAL value = x[i];
            out[i] = value <= 0 ? 0 : value; /* NaN stays NaN */
            above[i] = value > 0;
        }
    else
        for (i = 0; i < n; i++) above[i] = x[i] > 0;
}

static void NAME(relu_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Relu *p = args;
    ptrdiff_t first = task * RELU_TASK, n = SMALLER(p->size - first, RELU_TASK), i;
    const REAL *restrict dout = (const REAL *)p->in + first;
    REAL *restrict dx = (REAL *)p->out + first;
    const unsigned char *restrict above = p->above + first;
    (void)scratch;
    for (i = 0; i < n; i++) dx[i] = above[i] ? dout[i] : 0;
}
