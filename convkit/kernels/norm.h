/* Normalization as the kernels see it: x (N, C, size), where size is the number of pixels, 1 for vectors.
 *
 *   x_hat = (x - mean)*inverse,   out = x_hat*gamma + beta,   inverse = 1/sqrt(var + eps)
 *   dx = (d - mean of d - x_hat * mean of d*x_hat)*inverse,   d = dout*gamma
 *
 * A task has all numbers over which one mean goes (batch normalization: a channel, or NORM_COLUMNS of them for vectors; group
 * normalization: a group of an image; layer normalization: NORM_ROWS samples) and passes over them twice, the second time out
 * of the cache: for the moments, and to write out; in the backward pass for the two sums, and to write dx.
 *
 * Moments and coefficients are double precision, and sums are so from block to block. center is what REAL can hold of a mean;
 * what is left of it goes into the shift, so that no digits are lost where the mean is much larger than the deviation.
 */
#ifndef CONVKIT_NORM_H
#define CONVKIT_NORM_H
#include <math.h>

#include "kernels.h"

typedef struct {
    const void *x, *dout;
    void *out;            /* out, or dx */
    unsigned char *above; /* NULL, or the mask of a ReLU that follows: written forward, read backward */
    ptrdiff_t N, C, size, groups;
    const void *gamma, *beta; /* C numbers each */
    double eps;
    int training;    /* batch normalization: whether mean and variance are those of x; else they are given, and constants */
    double *moments; /* mean and variance of each channel, group or sample, in pairs */
    void *sums;      /* backward, of dout*x_hat and of dout: pairs of double for each channel (batch), or channel of each image
                        (group); of layer normalization 2*C numbers of type REAL for each task */
} Norm;

#if defined(__GNUC__)
#define OWN __attribute__((noinline))
#else
#define OWN
#endif

/* Elements that are summed up in single precision before they are added in double, and stay in the L1 cache meanwhile;
 * columns of a task, and rows of them that make up a block; partial sums of a row; samples of a task. */
enum { NORM_BLOCK = 4096, NORM_COLUMNS = 64, NORM_LANES = 32, NORM_ROWS = 16 };

/* Two counted sets, by their numbers n, means and sums of squared deviations m2, become one (Chan, Golub and LeVeque, 1983).
 * total is the plain sum: infinite where there are infinite numbers, as NumPy's mean is. */
typedef struct {
    double n, mean, m2, total;
} NormSet;

static inline void norm_join(NormSet *set, double n, double mean, double m2)
{
    double together = set->n + n, distance = mean - set->mean;
    if (set->n == 0) {
        *set = (NormSet){n, mean, m2, n * mean};
        return;
    }
    set->mean += distance * n / together;
    set->m2 += m2 + distance * distance * set->n * n / together;
    set->n = together;
    set->total += n * mean;
}
static inline void norm_keep(const NormSet *set, double *moments)
{
    moments[0] = set->mean == set->mean ? set->mean : set->total / set->n;
    moments[1] = set->m2 / set->n;
}

/* What REAL does not hold of a mean. */
static inline double norm_rest(double mean, double center)
{
    double rest = mean - center;
    return rest == rest ? rest : 0; /* (infinite means) */
}
#endif
