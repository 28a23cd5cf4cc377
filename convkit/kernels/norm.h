/* Normalization as the kernels see it: a matrix of `rows` rows with `size` elements side by side.
 *
 * A row is a channel of an image (spatial batch and group normalization) or a sample (layer normalization); mean and variance
 * are taken along rows. In batch normalization of vectors they are taken along columns. Four passes over memory are enough:
 * forward, moments and apply; backward, sums and gradient. What comes between them, a few numbers for each row or column, is
 * computed in double precision by the caller:
 *
 *   out = (x - center)*factor + shift                        dx = d*factor + (x - center)*slope + shift
 *
 * with coefficients of the row or column. In layer normalization each element of a row also has its gamma and beta:
 * out = (...)*gamma + beta, and d = dout*gamma. A ReLU that follows goes along: out = max(0, out), and a mask is written,
 * with which the backward pass multiplies dout.
 */
#ifndef CONVKIT_NORM_H
#define CONVKIT_NORM_H
#include "kernels.h"

typedef struct {
    const void *x, *dout;
    void *out;            /* out, or dx */
    unsigned char *above; /* NULL, or the mask of a ReLU */
    ptrdiff_t rows, size;
    ptrdiff_t task_rows; /* rows of a task; tasks of columns have NORM_COLUMNS columns */
    int by_columns;      /* whether the coefficients are those of columns; else row r has number r % period */
    ptrdiff_t period;
    const void *center, *factor, *slope, *shift;
    const void *gamma, *beta; /* NULL, or one number for each element of a row */
    double *sums;             /* two for each row or column */
} Norm;

/* Elements of a block that is summed up in single precision before it is added in double, and stays in the L1 cache
 * meanwhile; columns of a task, and rows of them that make up a block. */
enum { NORM_BLOCK = 4096, NORM_COLUMNS = 64, NORM_COLUMN_ROWS = 64, NORM_LANES = 32 };

/* Two counted sets, by their numbers n, means and sums of squared deviations m2, become one (Chan, Golub and LeVeque, 1983). */
static inline void norm_join(double *n, double *mean, double *m2, double other_n, double other_mean, double other_m2)
{
    double together = *n + other_n, distance = other_mean - *mean;
    *mean += distance * other_n / together;
    *m2 += other_m2 + distance * distance * *n * other_n / together;
    *n = together;
}
#endif
