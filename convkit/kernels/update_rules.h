/* Update rules, see update.h: each element is read once and written once. Task: a block of elements.
 *
 * Every vector is read whole before it is written, so that results may stand where their arguments stood.
 */
#include "update.h"

INLINE VEC NAME(root)(VEC a)
{
    REAL x[LANES] __attribute__((aligned(VBYTES)));
    *(VEC *)x = a;
    for (int i = 0; i < LANES; i++)
        x[i] = REAL_BYTES == 4 ? (REAL)__builtin_sqrtf((float)x[i]) : (REAL)__builtin_sqrt((double)x[i]);
    return *(VEC *)x;
}

/* A vector of the parameter, of its gradient, and of the rule's memory; s: the numbers of Update. */
INLINE VEC NAME(step_sgd)(VEC w, VEC dw, VEC *a, VEC *b, const REAL *s)
{
    (void)a, (void)b;
    return w - s[0] * dw;
}
INLINE VEC NAME(step_momentum)(VEC w, VEC dw, VEC *velocity, VEC *b, const REAL *s)
{
    (void)b;
    *velocity = s[1] * *velocity - s[0] * dw;
    return w + *velocity;
}
INLINE VEC NAME(step_nesterov)(VEC w, VEC dw, VEC *velocity, VEC *b, const REAL *s)
{
    (void)b;
    *velocity = s[1] * *velocity - s[0] * dw;
    return w + s[1] * *velocity - s[0] * dw;
}
/* s: rate, decay, 1 - decay, epsilon */
INLINE VEC NAME(step_rmsprop)(VEC w, VEC dw, VEC *cache, VEC *b, const REAL *s)
{
    (void)b;
    *cache = s[1] * *cache + s[2] * (dw * dw);
    return w - s[0] * dw / (NAME(root)(*cache) + s[3]);
}
INLINE VEC NAME(step_adagrad)(VEC w, VEC dw, VEC *cache, VEC *b, const REAL *s)
{
    (void)b;
    *cache += dw * dw;
    return w - s[0] * dw / (NAME(root)(*cache) + s[1]);
}
INLINE VEC NAME(step_adadelta)(VEC w, VEC dw, VEC *cache, VEC *step_cache, const REAL *s)
{
    *cache = s[1] * *cache + s[2] * (dw * dw);
    VEC step = NAME(root)(*step_cache + s[3]) / NAME(root)(*cache + s[3]) * dw;
    *step_cache = s[1] * *step_cache + s[2] * (step * step);
    return w - s[0] * step;
}
/* s: rate / (1 - beta1^t), beta1, 1 - beta1, beta2, 1 - beta2, 1 / (1 - beta2^t), epsilon, rate * weight_decay */
INLINE VEC NAME(step_adam)(VEC w, VEC dw, VEC *m, VEC *v, const REAL *s)
{
    *m = s[1] * *m + s[2] * dw;
    *v = s[3] * *v + s[4] * (dw * dw);
    return w - s[0] * *m / (NAME(root)(*v * s[5]) + s[6]);
}
INLINE VEC NAME(step_adamw)(VEC w, VEC dw, VEC *m, VEC *v, const REAL *s)
{
    return NAME(step_adam)(w, dw, m, v, s) - s[7] * w;
}

#define UPDATE_RULE(RULE, MEMORY) \
    static void NAME(update_##RULE)(const void *args, ptrdiff_t task, void *scratch) \
    { \
        const Update *p = args; \
        ptrdiff_t end = SMALLER((task + 1) * UPDATE_BLOCK, p->size); \
        REAL s[8]; \
        (void)scratch; \
        for (int i = 0; i < 8; i++) s[i] = (REAL)p->numbers[i]; \
        for (ptrdiff_t i = task * UPDATE_BLOCK; i < end; i += LANES) { \
            ptrdiff_t n = end - i; \
            VEC w = NAME(load_part)((const REAL *)p->w + i, n), dw = NAME(load_part)((const REAL *)p->dw + i, n); \
            VEC memory[2] = {{0}, {0}}; \
            for (int j = 0; j < MEMORY; j++) memory[j] = NAME(load_part)((const REAL *)p->from[j] + i, n); \
            w = NAME(step_##RULE)(w, dw, &memory[0], &memory[1], s); \
            NAME(store_part)((REAL *)p->next + i, w, n); \
            for (int j = 0; j < MEMORY; j++) NAME(store_part)((REAL *)p->to[j] + i, memory[j], n); \
        } \
    }
UPDATE_RULE(sgd, 0)
UPDATE_RULE(momentum, 1)
UPDATE_RULE(nesterov, 1)
UPDATE_RULE(rmsprop, 1)
UPDATE_RULE(adagrad, 1)
UPDATE_RULE(adadelta, 2)
UPDATE_RULE(adam, 2)
UPDATE_RULE(adamw, 2)

/* y += scale*x for n elements, unless y is NULL; returns the sum of x*x. It is summed in runs of 32 vectors in each of a few
 * sums side by side (one would wait for itself), the runs in double: a float sum of many millions would lose digits. */
static double NAME(scaled)(const REAL *x, REAL *y, REAL scale, ptrdiff_t n)
{
    enum { SUMS = 4, STEP = SUMS * LANES, RUN = 32 * STEP };
    REAL lanes[LANES] __attribute__((aligned(VBYTES)));
    double total = 0;
    for (ptrdiff_t i = 0; i < n; i += RUN) {
        VEC squares[SUMS] = {{0}};
        ptrdiff_t end = SMALLER(i + RUN, n), j = i;
        for (; j + STEP <= end; j += STEP)
            UNROLL for (int s = 0; s < SUMS; s++)
            {
                VEC value = NAME(load)(x + j + s * LANES);
                squares[s] += value * value;
                if (y) NAME(store)(y + j + s * LANES, NAME(load)(y + j + s * LANES) + scale * value);
            }
        for (; j < end; j += LANES) {
            VEC value = NAME(load_part)(x + j, end - j);
            squares[0] += value * value;
            if (y) NAME(store_part)(y + j, NAME(load_part)(y + j, end - j) + scale * value, end - j);
        }
        *(VEC *)lanes = (squares[0] + squares[1]) + (squares[2] + squares[3]);
        for (int l = 0; l < LANES; l++) total += (double)lanes[l];
    }
    return total;
}

static void NAME(add_scaled)(const void *args, ptrdiff_t task, void *scratch)
{
    const AddScaled *p = args;
    ptrdiff_t first = task * UPDATE_BLOCK, n = SMALLER(UPDATE_BLOCK, p->size - first);
    (void)scratch;
    p->sums[task] = NAME(scaled)((const REAL *)p->x + first, p->y ? (REAL *)p->y + first : NULL, (REAL)p->scale, n);
}
