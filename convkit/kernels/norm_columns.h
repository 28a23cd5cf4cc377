/* The passes of norm.h along columns: a task has NORM_COLUMNS of them and takes the rows in blocks, one partial sum for each
 * column; blocks are added in double precision.
 */

/* The columns of a task. */
static inline ptrdiff_t NAME(norm_width)(const Norm *p, ptrdiff_t task)
{
    return SMALLER(NORM_COLUMNS, p->size - task * NORM_COLUMNS);
}

/* sums[j]: mean, and sum of squared deviations of column j. */
static void NAME(norm_column_moments)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t first = task * NORM_COLUMNS, width = NAME(norm_width)(p, task), top, i, j;
    double counted[NORM_COLUMNS] = {0}, mean[NORM_COLUMNS] = {0}, m2[NORM_COLUMNS] = {0}, total[NORM_COLUMNS] = {0};
    REAL about[NORM_COLUMNS], sum[NORM_COLUMNS], square[NORM_COLUMNS];
    (void)scratch;
    for (top = 0; top < p->rows; top += NORM_COLUMN_ROWS) {
        const REAL *x = (const REAL *)p->x + top * p->size + first;
        ptrdiff_t rows = SMALLER(NORM_COLUMN_ROWS, p->rows - top);
        double n = (double)rows;
        for (j = 0; j < width; j++) sum[j] = 0;
        for (i = 0; i < rows; i++)
            for (j = 0; j < width; j++) sum[j] += x[i * p->size + j] - x[j];
        for (j = 0; j < width; j++) {
            about[j] = x[j] + sum[j] / (REAL)rows;
            sum[j] = square[j] = 0;
        }
        for (i = 0; i < rows; i++)
            for (j = 0; j < width; j++) {
                REAL distance = x[i * p->size + j] - about[j];
                sum[j] += distance;
                square[j] += distance * distance;
            }
        for (j = 0; j < width; j++) {
            double block_mean = about[j] + sum[j] / n;
            if (!(square[j] == square[j]))
                for (block_mean = 0, i = 0; i < rows; i++) block_mean += x[i * p->size + j] / n;
            norm_join(&counted[j], &mean[j], &m2[j], n, block_mean, square[j] - (double)sum[j] * sum[j] / n);
            total[j] += block_mean * n;
        }
    }
    for (j = 0; j < width; j++) {
        p->sums[2 * (first + j)] = mean[j] == mean[j] ? mean[j] : total[j] / (double)p->rows;
        p->sums[2 * (first + j) + 1] = m2[j];
    }
}

static void NAME(norm_column_apply)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t r = task * p->task_rows, last = SMALLER(r + p->task_rows, p->rows), j, n = p->size;
    const REAL *restrict center = p->center, *restrict factor = p->factor, *restrict shift = p->shift;
    (void)scratch;
    for (; r < last; r++) {
        const REAL *restrict x = (const REAL *)p->x + r * n;
        REAL *restrict out = (REAL *)p->out + r * n;
        for (j = 0; j < n; j++) out[j] = (x[j] - center[j]) * factor[j] + shift[j];
        if (p->above) NAME(norm_relu)(out, p->above + r * n, n);
    }
}

/* sums[j]: of dout, and of dout*(x - center), along column j. Where the coefficients are those of rows, the second is of
 * dout*((x - center)*factor + shift). */
static void NAME(norm_column_sums)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t first = task * NORM_COLUMNS, width = NAME(norm_width)(p, task), top, i, j;
    double sums[NORM_COLUMNS][2] = {{0}};
    REAL a[NORM_COLUMNS], b[NORM_COLUMNS], d[NORM_COLUMNS];
    (void)scratch;
    for (top = 0; top < p->rows; top += NORM_COLUMN_ROWS) {
        for (j = 0; j < width; j++) a[j] = b[j] = 0;
        for (i = top; i < SMALLER(top + NORM_COLUMN_ROWS, p->rows); i++) {
            const REAL *restrict x = (const REAL *)p->x + i * p->size + first;
            const REAL *restrict dout = (const REAL *)p->dout + i * p->size + first;
            for (j = 0; j < width; j++) d[j] = dout[j];
            if (p->above)
                for (j = 0; j < width; j++) d[j] = p->above[i * p->size + first + j] ? d[j] : 0;
            if (p->by_columns) {
                const REAL *restrict center = (const REAL *)p->center + first;
                for (j = 0; j < width; j++) {
                    a[j] += d[j];
                    b[j] += d[j] * (x[j] - center[j]);
                }
            } else {
                REAL center = ((const REAL *)p->center)[i % p->period], factor = ((const REAL *)p->factor)[i % p->period];
                REAL shift = ((const REAL *)p->shift)[i % p->period];
                for (j = 0; j < width; j++) {
                    a[j] += d[j];
                    b[j] += d[j] * ((x[j] - center) * factor + shift);
                }
            }
        }
        for (j = 0; j < width; j++) {
            sums[j][0] += a[j];
            sums[j][1] += b[j];
        }
    }
    memcpy(p->sums + 2 * first, sums, sizeof(double) * 2 * (size_t)width);
}

/* dx. Scratch memory: NORM_BLOCK elements. */
static void NAME(norm_column_gradient)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t r = task * p->task_rows, last = SMALLER(r + p->task_rows, p->rows), i, j;
    for (; r < last; r++)
        for (i = 0; i < p->size; i += NORM_BLOCK) {
            ptrdiff_t n = SMALLER(NORM_BLOCK, p->size - i);
            const REAL *restrict center = (const REAL *)p->center + i, *restrict factor = (const REAL *)p->factor + i;
            const REAL *restrict slope = (const REAL *)p->slope + i, *restrict shift = (const REAL *)p->shift + i;
            const REAL *restrict d = NAME(norm_dout)(p, r, i, n, scratch);
            const REAL *restrict x = (const REAL *)p->x + r * p->size + i;
            REAL *restrict dx = (REAL *)p->out + r * p->size + i;
            for (j = 0; j < n; j++) dx[j] = d[j] * factor[j] + ((x[j] - center[j]) * slope[j] + shift[j]);
        }
}
