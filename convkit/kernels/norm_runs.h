/* The passes of norm.h over runs of elements that stand side by side. Sums are kept in NORM_LANES partial sums, whatever the
 * vector registers hold, so that every instruction set adds in the same order; the loops over them are plain, and compilers
 * make vectors of them.
 */
#include "norm.h"

/* Two sums in parts. */
typedef struct {
    REAL first[NORM_LANES], second[NORM_LANES];
} NAME(NormSums);

static inline double NAME(norm_total)(REAL part[NORM_LANES], int lanes)
{
    int half, l;
    for (half = lanes / 2; half >= 8; half /= 2)
        for (l = 0; l < half; l++) part[l] += part[l + half];
    return ((part[0] + part[4]) + (part[2] + part[6])) + ((part[1] + part[5]) + (part[3] + part[7]));
}

/* Adds up d and d*(x - center) of n elements; with d NULL, (x - center) and its square. lanes: 8, or for long runs
 * NORM_LANES: parts that are in use. */
static inline void NAME(norm_add)(NAME(NormSums) *sums, const REAL *restrict x, const REAL *restrict d, ptrdiff_t n,
                                  REAL center, int lanes)
{
    REAL *restrict a = sums->first, *restrict b = sums->second;
    ptrdiff_t i = 0;
    int l;
    if (lanes == NORM_LANES)
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
}

/* Mean and sum of squared deviations of `runs` runs, `step` apart: first about the first element, for the mean, then about
 * that mean, so that no digits are lost where the mean is large and the deviations are small. */
static inline void NAME(norm_block)(NormSet *set, const REAL *x, ptrdiff_t runs, ptrdiff_t n, ptrdiff_t step)
{
    double count = (double)(runs * n), sum, square, mean;
    REAL about = x[0];
    ptrdiff_t r, i;
    int pass;
    for (pass = 0; pass < 2; pass++) {
        NAME(NormSums) sums = {{0}, {0}};
        for (r = 0; r < runs; r++) NAME(norm_add)(&sums, x + r * step, NULL, n, about, NORM_LANES);
        sum = NAME(norm_total)(sums.first, NORM_LANES);
        square = NAME(norm_total)(sums.second, NORM_LANES);
        mean = about + sum / count;
        if (pass == 0) about = (REAL)mean;
    }
    if (square != square) { /* infinite elements: the mean is that of NumPy */
        for (mean = 0, r = 0; r < runs; r++)
            for (i = 0; i < n; i++) mean += x[r * step + i];
        mean /= count;
    }
    norm_join(set, count, mean, square - sum * sum / count);
}

/* The same of any number of runs of any length, in blocks. */
static void NAME(norm_moments)(const REAL *x, ptrdiff_t runs, ptrdiff_t n, ptrdiff_t step, double *moments)
{
    NormSet set = {0, 0, 0, 0};
    ptrdiff_t together = LARGER(1, NORM_BLOCK / n), r, i;
    for (r = 0; r < runs; r += together)
        for (i = 0; i < n; i += NORM_BLOCK)
            NAME(norm_block)(&set, x + r * step + i, SMALLER(together, runs - r), SMALLER(NORM_BLOCK, n - i), step);
    norm_keep(&set, moments);
}

static OWN void NAME(norm_relu)(REAL *restrict out, unsigned char *restrict above, ptrdiff_t n)
{
    ptrdiff_t i;
    for (i = 0; i < n; i++) above[i] = out[i] > 0;
    for (i = 0; i < n; i++) out[i] = out[i] <= 0 ? 0 : out[i];
}

/* (Functions of their own, for compilers believe `restrict` of arguments only.) */
static OWN void NAME(norm_scale)(REAL *restrict out, const REAL *restrict x, ptrdiff_t n, REAL center, REAL factor, REAL shift)
{
    ptrdiff_t i;
    for (i = 0; i < n; i++) out[i] = (x[i] - center) * factor + shift;
}
static OWN void NAME(norm_combine)(REAL *restrict dx, const REAL *restrict d, const REAL *restrict x, ptrdiff_t n, REAL center,
                                   REAL factor, REAL slope, REAL shift)
{
    ptrdiff_t i;
    for (i = 0; i < n; i++) dx[i] = d[i] * factor + ((x[i] - center) * slope + shift);
}

/* out = (x - center)*factor + shift, and the ReLU; `at`: where the run begins. */
static inline void NAME(norm_apply)(const Norm *p, ptrdiff_t at, ptrdiff_t n, REAL center, REAL factor, REAL shift)
{
    REAL *out = (REAL *)p->out + at;
    NAME(norm_scale)(out, (const REAL *)p->x + at, n, center, factor, shift);
    if (p->above) NAME(norm_relu)(out, p->above + at, n);
}

/* dout, or in `room` what the ReLU lets pass of it; n <= NORM_BLOCK. */
static OWN const REAL *NAME(norm_dout)(const Norm *p, ptrdiff_t at, ptrdiff_t n, REAL *restrict room)
{
    const REAL *restrict dout = (const REAL *)p->dout + at;
    const unsigned char *restrict above = p->above ? p->above + at : NULL;
    ptrdiff_t i;
    if (!above) return dout;
    for (i = 0; i < n; i++) room[i] = above[i] ? dout[i] : 0;
    return room;
}

/* dx = d*factor + (x - center)*slope + shift */
static inline void NAME(norm_gradient)(const Norm *p, ptrdiff_t at, ptrdiff_t n, REAL center, REAL factor, REAL slope,
                                       REAL shift, REAL *room)
{
    ptrdiff_t first;
    for (first = at; first < at + n; first += NORM_BLOCK) {
        ptrdiff_t size = SMALLER(NORM_BLOCK, at + n - first);
        const REAL *d = NAME(norm_dout)(p, first, size, room);
        NAME(norm_combine)((REAL *)p->out + first, d, (const REAL *)p->x + first, size, center, factor, slope, shift);
    }
}

/* Sums of d and d*(x - center) over a run, in double precision. */
static inline void NAME(norm_run_sums)(const Norm *p, ptrdiff_t at, ptrdiff_t n, REAL center, REAL *room, double sums[2])
{
    int lanes = n < 64 ? 8 : NORM_LANES;
    ptrdiff_t first;
    for (first = at; first < at + n; first += NORM_BLOCK) {
        ptrdiff_t size = SMALLER(NORM_BLOCK, at + n - first);
        NAME(NormSums) part = {{0}, {0}};
        NAME(norm_add)(&part, (const REAL *)p->x + first, NAME(norm_dout)(p, first, size, room), size, center, lanes);
        sums[0] += NAME(norm_total)(part.first, lanes);
        sums[1] += NAME(norm_total)(part.second, lanes);
    }
}
