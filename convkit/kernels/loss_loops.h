/* Softmax and hinge loss with their gradients, a row at a time while it stays in the cache: plain loops of which every compiler
 * makes vectors, the exponential included. Maximum and sum are taken in LOSS_LANES parts, the same for every instruction set.
 */
#include "loss.h"

/* e^x for x <= 0, to about one unit in the last place; 0 where the result would not be a normal number. With k the whole number
 * next to x/log(2) and r = x - k*log(2), it is 2^k (written into the exponent) times the series of e^r, |r| < 0.35. */
static inline REAL NAME(loss_exp)(REAL x)
{
#if REAL_BYTES == 4
    const REAL shift = 12582912.0f, lowest = -87.0f, high = 0.693359375f, low = -2.12194440e-4f; /* shift: 1.5 * 2^23 */
    enum { BITS = 23, BIAS = 127 };
    REAL series = 1.0f / 5040;
#else
    const REAL shift = 6755399441055744.0, lowest = -708.0; /* 1.5 * 2^52 */
    const REAL high = 6.93145751953125e-1, low = 1.42860682030941723212e-6;
    enum { BITS = 52, BIAS = 1023 };
    REAL series = 1.0 / 6227020800;
#endif
    REAL k = x * (REAL)1.4426950408889634 + shift, r, power;
    unsigned INT bits;
    memcpy(&bits, &k, sizeof bits); /* the last bits of k + shift are those of the whole number k */
    bits = (bits + BIAS) << BITS;
    memcpy(&power, &bits, sizeof power);
    k -= shift;
    r = (x - k * high) - k * low;
#if REAL_BYTES == 8
    series = series * r + 1.0 / 479001600;
    series = series * r + 1.0 / 39916800;
    series = series * r + 1.0 / 3628800;
    series = series * r + 1.0 / 362880;
    series = series * r + 1.0 / 40320;
    series = series * r + 1.0 / 5040;
#endif
    series = series * r + (REAL)1 / 720;
    series = series * r + (REAL)1 / 120;
    series = series * r + (REAL)1 / 24;
    series = series * r + (REAL)1 / 6;
    series = series * r + (REAL)1 / 2;
    series = series * r + 1;
    series = series * r + 1;
    return x < lowest ? 0 : series * power;
}

/* The largest of n numbers that is not NaN. */
static inline REAL NAME(loss_max)(const REAL *x, ptrdiff_t n)
{
    REAL part[LOSS_LANES], most = x[0];
    ptrdiff_t j = 0;
    int l;
    for (l = 0; l < LOSS_LANES; l++) part[l] = x[0];
    for (; j + LOSS_LANES <= n; j += LOSS_LANES)
        for (l = 0; l < LOSS_LANES; l++) part[l] = x[j + l] > part[l] ? x[j + l] : part[l];
    for (; j < n; j++) most = x[j] > most ? x[j] : most;
    for (l = 0; l < LOSS_LANES; l++) most = part[l] > most ? part[l] : most;
    return most;
}

/* sums[i]: that of e^(x - largest) along row i, and x - largest at the label. */
static void NAME(loss_softmax)(const void *args, ptrdiff_t task, void *scratch)
{
    const Loss *p = args;
    ptrdiff_t i = task * p->task_rows, last = SMALLER(i + p->task_rows, p->N), C = p->C, j;
    (void)scratch;
    for (; i < last; i++) {
        const REAL *restrict x = (const REAL *)p->x + i * C;
        REAL *restrict dx = (REAL *)p->dx + i * C;
        REAL largest = NAME(loss_max)(x, C), part[LOSS_LANES] = {0}, factor;
        double sum = 0;
        int l;
        for (j = 0; j < C; j++) dx[j] = NAME(loss_exp)(x[j] - largest);
        for (j = 0; j + LOSS_LANES <= C; j += LOSS_LANES)
            for (l = 0; l < LOSS_LANES; l++) part[l] += dx[j + l];
        for (; j < C; j++) sum += dx[j];
        for (l = 0; l < LOSS_LANES; l++) sum += part[l];
        factor = (REAL)(1 / sum);
        for (j = 0; j < C; j++) dx[j] *= factor;
        dx[p->y[i]] -= 1;
        for (j = 0; j < C; j++) dx[j] /= (REAL)p->N;
        p->sums[2 * i] = sum;
        p->sums[2 * i + 1] = x[p->y[i]] - largest;
    }
}

/* sums[i][0]: that of the margins max(0, x_j - x_y + 1), j != y, along row i. */
static void NAME(loss_hinge)(const void *args, ptrdiff_t task, void *scratch)
{
    const Loss *p = args;
    ptrdiff_t i = task * p->task_rows, last = SMALLER(i + p->task_rows, p->N), C = p->C, j;
    REAL step = 1 / (REAL)p->N;
    (void)scratch;
    for (; i < last; i++) {
        const REAL *restrict x = (const REAL *)p->x + i * C;
        REAL *restrict dx = (REAL *)p->dx + i * C;
        REAL right = x[p->y[i]];
        ptrdiff_t violated = 0;
        double sum = 0;
        for (j = 0; j < C; j++) {
            REAL margin = x[j] - right + 1;
            int above = margin > 0;
            if (j == p->y[i]) continue;
            sum += margin <= 0 ? 0 : margin; /* NaN stays NaN */
            violated += above;
            dx[j] = above ? step : 0;
        }
        dx[p->y[i]] = -(REAL)violated / (REAL)p->N;
        p->sums[2 * i] = sum;
        p->sums[2 * i + 1] = 0;
    }
}
