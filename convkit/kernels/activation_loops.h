/* The kernels of activation.h: plain loops of which compilers make vectors. */
#include "activation.h"
#include "activation_functions.h"

/* A kernel that makes `value` of each element x[i] (forward), or of d[i] and of kept[i] (backward). */
#define ACTIVATION(name, value) \
    static void NAME(name)(const void *args, ptrdiff_t task, void *scratch) \
    { \
        const Activation *p = args; \
        ptrdiff_t first = task * ACTIVATION_TASK, n = SMALLER(p->size - first, ACTIVATION_TASK), i; \
        const REAL *restrict x = (const REAL *)p->in + first; \
        REAL *restrict out = (REAL *)p->out + first; \
        (void)scratch; \
        for (i = 0; i < n; i++) out[i] = value; \
    }
#define ACTIVATION_BACKWARD(name, value) \
    static void NAME(name)(const void *args, ptrdiff_t task, void *scratch) \
    { \
        const Activation *p = args; \
        ptrdiff_t first = task * ACTIVATION_TASK, n = SMALLER(p->size - first, ACTIVATION_TASK), i; \
        const REAL *restrict d = (const REAL *)p->in + first; \
        const REAL *restrict kept = (const REAL *)p->kept + first; \
        REAL *restrict dx = (REAL *)p->out + first; \
        (void)scratch; \
        for (i = 0; i < n; i++) dx[i] = d[i] * value; \
    }

static inline REAL NAME(gelu)(REAL x)
{
    REAL bell;
    return x * NAME(normal)(x, &bell);
}
static inline REAL NAME(gelu_derivative)(REAL x)
{
    REAL bell, phi = NAME(normal)(x, &bell);
    return phi + x * (bell * (REAL)0.39894228040143267794); /* 1/√(2π) */
}
static inline REAL NAME(gelu_tanh_derivative)(REAL x)
{
    REAL phi = NAME(sigmoid)(NAME(gelu_slope)(x));
    return phi + x * (phi * (1 - phi) * ((REAL)1.5957691216057307117 * (1 + (REAL)0.134145 * (x * x))));
}

ACTIVATION(sigmoid_forward, NAME(sigmoid)(x[i]))
ACTIVATION_BACKWARD(sigmoid_backward, (kept[i] * (1 - kept[i])))
ACTIVATION(tanh_forward, NAME(tanh_of)(x[i]))
ACTIVATION_BACKWARD(tanh_backward, (1 - kept[i] * kept[i]))
ACTIVATION(gelu_forward, NAME(gelu)(x[i]))
ACTIVATION_BACKWARD(gelu_backward, NAME(gelu_derivative)(kept[i]))
ACTIVATION(gelu_tanh_forward, x[i] * NAME(sigmoid)(NAME(gelu_slope)(x[i])))
ACTIVATION_BACKWARD(gelu_tanh_backward, NAME(gelu_tanh_derivative)(kept[i]))
#undef ACTIVATION
#undef ACTIVATION_BACKWARD

static void NAME(leaky_relu_forward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Activation *p = args;
    ptrdiff_t first = task * ACTIVATION_TASK, n = SMALLER(p->size - first, ACTIVATION_TASK), i;
    const REAL *restrict x = (const REAL *)p->in + first;
    REAL *restrict out = (REAL *)p->out + first, slope = (REAL)p->slope;
    unsigned char *restrict above = p->above + first;
    (void)scratch;
    for (i = 0; i < n; i++) out[i] = x[i] > 0 ? x[i] : slope * x[i];
    for (i = 0; i < n; i++) above[i] = x[i] > 0;
}

static void NAME(leaky_relu_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Activation *p = args;
    ptrdiff_t first = task * ACTIVATION_TASK, n = SMALLER(p->size - first, ACTIVATION_TASK), i;
    const REAL *restrict d = (const REAL *)p->in + first;
    REAL *restrict dx = (REAL *)p->out + first, slope = (REAL)p->slope;
    const unsigned char *restrict above = p->above + first;
    (void)scratch;
    for (i = 0; i < n; i++) dx[i] = above[i] ? d[i] : slope * d[i];
}
