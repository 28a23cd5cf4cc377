/* Losses as the kernels see them: scores (N, C) and a label for each row; a task is a block of rows. */
#ifndef CONVKIT_LOSS_H
#define CONVKIT_LOSS_H
#include "kernels.h"

enum { LOSS_LANES = 16 };

typedef struct {
    const void *x;
    const ptrdiff_t *y;
    void *dx;
    ptrdiff_t N, C, task_rows;
    double *sums; /* two for each row, of which the caller makes the loss */
} Loss;
#endif
