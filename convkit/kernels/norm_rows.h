/* The passes of norm.h along rows. Sums are kept in NORM_LANES partial sums, whatever the vector registers hold, so that every
 * instruction set adds in the same order; the loops over them are plain, and compilers make vectors of them.
 */
#include "norm.h"

/* The sum of partial sums, in pairs. */
static inline double NAME(norm_total)(REAL part[NORM_LANES])
{
    int half, l;
    for (half = NORM_LANES / 2; half > 0; half /= 2)
        for (l = 0; l < half; l++) part[l] += part[l + half];
    return part[0];
}

/* Sums over n <= NORM_BLOCK elements: of d and of d*(x - center); with d NULL, of (x - center) and of its square. */
static inline void NAME(norm_sum)(const REAL *restrict x, const REAL *restrict d, ptrdiff_t n, REAL center, double *first,
                                  double *second)
{
    REAL a[NORM_LANES] = {0}, b[NORM_LANES] = {0};
    ptrdiff_t i = 0;
    int l;
    for (; i + NORM_LANES <= n; i += NORM_LANES)
        for (l = 0; l < NORM_LANES; l++) {
            REAL distance = x[i + l] - center, value = d ? d[i + l] : distance;
            a[l] += value;
            b[l] += value * distance;
        }
    for (; i + 8 <= n; i += 8)
        for (l = 0; l < 8; l++) {
            REAL distance = x[i + l] - center, value = d ? d[i + l] : distance;
            a[l] += value;
            b[l] += value * distance;
        }
    for (; i < n; i++) {
        REAL distance = x[i] - center, value = d ? d[i] : distance;
        a[i % 8] += value;
        b[i % 8] += value * distance;
    }
    *first = NAME(norm_total)(a);
    *second = NAME(norm_total)(b);
}

/* Mean and sum of squared deviations of a block: first about its first element, for the mean, then about that mean, so that
 * no digits are lost where the mean is large and the deviations are small. */
static inline void NAME(norm_block_moments)(const REAL *x, ptrdiff_t n, double *mean, double *m2)
{
    double sum, square;
    REAL about;
    NAME(norm_sum)(x, NULL, n, x[0], &sum, &square);
    about = (REAL)(x[0] + sum / (double)n);
    NAME(norm_sum)(x, NULL, n, about, &sum, &square);
    *mean = about + sum / (double)n;
    *m2 = square - sum * sum / (double)n;
    if (*m2 != *m2) { /* infinite elements: their mean is that of NumPy */
        ptrdiff_t i;
        for (*mean = 0, i = 0; i < n; i++) *mean += x[i];
        *mean /= (double)n;
    }
}

/* sums[r]: mean, and sum of squared deviations of row r. */
static void NAME(norm_moments)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t r = task * p->task_rows, last = SMALLER(r + p->task_rows, p->rows), i;
    (void)scratch;
    for (; r < last; r++) {
        const REAL *x = (const REAL *)p->x + r * p->size;
        double n = 0, mean = 0, m2 = 0, total = 0, block_mean, block_m2;
        for (i = 0; i < p->size; i += NORM_BLOCK) {
            ptrdiff_t size = SMALLER(NORM_BLOCK, p->size - i);
            NAME(norm_block_moments)(x + i, size, &block_mean, &block_m2);
            norm_join(&n, &mean, &m2, (double)size, block_mean, block_m2);
            total += block_mean * (double)size;
        }
        p->sums[2 * r] = mean == mean ? mean : total / n;
        p->sums[2 * r + 1] = m2;
    }
}

static inline void NAME(norm_relu)(REAL *restrict out, unsigned char *restrict above, ptrdiff_t n)
{
    ptrdiff_t i;
    for (i = 0; i < n; i++) above[i] = out[i] > 0;
    for (i = 0; i < n; i++) out[i] = out[i] <= 0 ? 0 : out[i];
}

static void NAME(norm_apply)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t r = task * p->task_rows, last = SMALLER(r + p->task_rows, p->rows), i, n = p->size;
    const REAL *restrict gamma = p->gamma, *restrict beta = p->beta;
    (void)scratch;
    for (; r < last; r++) {
        const REAL *restrict x = (const REAL *)p->x + r * n;
        REAL *restrict out = (REAL *)p->out + r * n;
        REAL center = ((const REAL *)p->center)[r % p->period], factor = ((const REAL *)p->factor)[r % p->period];
        REAL shift = ((const REAL *)p->shift)[r % p->period];
        if (gamma)
            for (i = 0; i < n; i++) out[i] = ((x[i] - center) * factor + shift) * gamma[i] + beta[i];
        else
            for (i = 0; i < n; i++) out[i] = (x[i] - center) * factor + shift;
        if (p->above) NAME(norm_relu)(out, p->above + r * n, n);
    }
}

/* d for the elements first .. first+n-1 of row r: dout itself, or in `room` what ReLU and gamma make of it. */
static inline const REAL *NAME(norm_dout)(const Norm *p, ptrdiff_t r, ptrdiff_t first, ptrdiff_t n, REAL *restrict room)
{
    const REAL *restrict dout = (const REAL *)p->dout + r * p->size + first;
    const REAL *restrict gamma = p->gamma ? (const REAL *)p->gamma + first : NULL;
    ptrdiff_t i;
    if (!p->above && !gamma) return dout;
    for (i = 0; i < n; i++) room[i] = dout[i];
    if (p->above) {
        const unsigned char *restrict above = p->above + r * p->size + first;
        for (i = 0; i < n; i++) room[i] = above[i] ? room[i] : 0;
    }
    if (gamma)
        for (i = 0; i < n; i++) room[i] *= gamma[i];
    return room;
}

/* sums[r]: of d, and of d*(x - center), along row r. Scratch memory: NORM_BLOCK elements. */
static void NAME(norm_sums)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t r = task * p->task_rows, last = SMALLER(r + p->task_rows, p->rows), i;
    for (; r < last; r++) {
        REAL center = ((const REAL *)p->center)[r % p->period];
        double first, second, sums[2] = {0, 0};
        for (i = 0; i < p->size; i += NORM_BLOCK) {
            ptrdiff_t n = SMALLER(NORM_BLOCK, p->size - i);
            const REAL *d = NAME(norm_dout)(p, r, i, n, scratch);
            NAME(norm_sum)((const REAL *)p->x + r * p->size + i, d, n, center, &first, &second);
            sums[0] += first;
            sums[1] += second;
        }
        p->sums[2 * r] = sums[0];
        p->sums[2 * r + 1] = sums[1];
    }
}

/* dx. Scratch memory: NORM_BLOCK elements. */
static void NAME(norm_gradient)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t r = task * p->task_rows, last = SMALLER(r + p->task_rows, p->rows), i, j;
    for (; r < last; r++) {
        REAL center = ((const REAL *)p->center)[r % p->period], factor = ((const REAL *)p->factor)[r % p->period];
        REAL slope = ((const REAL *)p->slope)[r % p->period], shift = ((const REAL *)p->shift)[r % p->period];
        for (i = 0; i < p->size; i += NORM_BLOCK) {
            ptrdiff_t n = SMALLER(NORM_BLOCK, p->size - i);
            const REAL *restrict d = NAME(norm_dout)(p, r, i, n, scratch);
            const REAL *restrict x = (const REAL *)p->x + r * p->size + i;
            REAL *restrict dx = (REAL *)p->out + r * p->size + i;
            for (j = 0; j < n; j++) dx[j] = d[j] * factor + ((x[j] - center) * slope + shift);
        }
    }
}
