/* Batch normalization of vectors (a task is NORM_COLUMNS columns, one partial sum for each) and layer normalization (a task is
 * NORM_ROWS samples).
 */

static void NAME(norm_columns)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t first = task * NORM_COLUMNS, width = SMALLER(NORM_COLUMNS, p->C - first), top, i, j;
    REAL center[NORM_COLUMNS], factor[NORM_COLUMNS], shift[NORM_COLUMNS];
    double *moments = p->moments + 2 * first;
    (void)scratch;
    if (p->training) {
        NormSet set[NORM_COLUMNS] = {{0, 0, 0, 0}};
        for (top = 0; top < p->N; top += NORM_COLUMNS) {
            const REAL *x = (const REAL *)p->x + top * p->C + first;
            ptrdiff_t rows = SMALLER(NORM_COLUMNS, p->N - top);
            REAL about[NORM_COLUMNS], sum[NORM_COLUMNS] = {0}, square[NORM_COLUMNS] = {0};
            for (i = 1; i < rows; i++)
                for (j = 0; j < width; j++) sum[j] += x[i * p->C + j] - x[j];
            for (j = 0; j < width; j++) {
                about[j] = x[j] + sum[j] / (REAL)rows;
                sum[j] = 0;
            }
            for (i = 0; i < rows; i++)
                for (j = 0; j < width; j++) {
                    REAL distance = x[i * p->C + j] - about[j];
                    sum[j] += distance;
                    square[j] += distance * distance;
                }
            for (j = 0; j < width; j++) {
                double n = (double)rows, mean = about[j] + sum[j] / n;
                if (square[j] != square[j]) /* infinite elements */
                    for (mean = 0, i = 0; i < rows; i++) mean += x[i * p->C + j] / n;
                norm_join(&set[j], n, mean, square[j] - (double)sum[j] * sum[j] / n);
            }
        }
        for (j = 0; j < width; j++) norm_keep(&set[j], moments + 2 * j);
    }
    for (j = 0; j < width; j++) {
        double scale = ((const REAL *)p->gamma)[first + j] / sqrt(moments[2 * j + 1] + p->eps);
        center[j] = (REAL)moments[2 * j];
        factor[j] = (REAL)scale;
        shift[j] = (REAL)(((const REAL *)p->beta)[first + j] - norm_rest(moments[2 * j], center[j]) * scale);
    }
    for (i = 0; i < p->N; i++) {
        const REAL *restrict x = (const REAL *)p->x + i * p->C + first;
        REAL *restrict out = (REAL *)p->out + i * p->C + first;
        for (j = 0; j < width; j++) out[j] = (x[j] - center[j]) * factor[j] + shift[j];
        if (p->above) NAME(norm_relu)(out, p->above + i * p->C + first, width);
    }
}

/* Scratch memory: NORM_BLOCK elements. */
static void NAME(norm_columns_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t first = task * NORM_COLUMNS, width = SMALLER(NORM_COLUMNS, p->C - first), top, i, j;
    REAL center[NORM_COLUMNS], factor[NORM_COLUMNS], slope[NORM_COLUMNS], shift[NORM_COLUMNS];
    double *moments = p->moments + 2 * first, *kept = (double *)p->sums + 2 * first;
    double total[NORM_COLUMNS] = {0}, product[NORM_COLUMNS] = {0};
    for (j = 0; j < width; j++) center[j] = (REAL)moments[2 * j];
    for (top = 0; top < p->N; top += NORM_COLUMNS) {
        REAL a[NORM_COLUMNS] = {0}, b[NORM_COLUMNS] = {0};
        for (i = top; i < SMALLER(top + NORM_COLUMNS, p->N); i++) {
            const REAL *restrict x = (const REAL *)p->x + i * p->C + first;
            const REAL *restrict d = NAME(norm_dout)(p, i * p->C + first, width, scratch);
            for (j = 0; j < width; j++) {
                a[j] += d[j];
                b[j] += d[j] * (x[j] - center[j]);
            }
        }
        for (j = 0; j < width; j++) {
            total[j] += a[j];
            product[j] += b[j];
        }
    }
    for (j = 0; j < width; j++) {
        double inverse = 1 / sqrt(moments[2 * j + 1] + p->eps), scale = ((const REAL *)p->gamma)[first + j] * inverse;
        double rest = norm_rest(moments[2 * j], center[j]), incline;
        kept[2 * j] = (product[j] - rest * total[j]) * inverse;
        kept[2 * j + 1] = total[j];
        incline = -scale * inverse * kept[2 * j] / (double)p->N;
        factor[j] = (REAL)scale;
        slope[j] = (REAL)incline;
        shift[j] = (REAL)(-scale * total[j] / (double)p->N - incline * rest);
    }
    for (i = 0; i < p->N; i++) {
        const REAL *restrict x = (const REAL *)p->x + i * p->C + first;
        const REAL *restrict d = NAME(norm_dout)(p, i * p->C + first, width, scratch);
        REAL *restrict dx = (REAL *)p->out + i * p->C + first;
        if (p->training)
            for (j = 0; j < width; j++) dx[j] = d[j] * factor[j] + ((x[j] - center[j]) * slope[j] + shift[j]);
        else
            for (j = 0; j < width; j++) dx[j] = d[j] * factor[j];
    }
}

static void NAME(norm_layer)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t r, i, n = p->C;
    const REAL *restrict gamma = p->gamma, *restrict beta = p->beta;
    (void)scratch;
    for (r = task * NORM_ROWS; r < SMALLER((task + 1) * NORM_ROWS, p->N); r++) {
        const REAL *restrict x = (const REAL *)p->x + r * n;
        REAL *restrict out = (REAL *)p->out + r * n;
        double *moments = p->moments + 2 * r;
        NAME(norm_moments)(x, 1, n, 0, moments);
        double inverse = 1 / sqrt(moments[1] + p->eps);
        REAL center = (REAL)moments[0], factor = (REAL)inverse;
        REAL shift = (REAL)(-norm_rest(moments[0], center) * inverse);
        for (i = 0; i < n; i++) out[i] = ((x[i] - center) * factor + shift) * gamma[i] + beta[i];
        if (p->above) NAME(norm_relu)(out, p->above + r * n, n);
    }
}

/* Scratch memory: twice NORM_BLOCK elements. */
static void NAME(norm_layer_backward)(const void *args, ptrdiff_t task, void *scratch)
{
    const Norm *p = args;
    ptrdiff_t r, b, i, n = p->C;
    const REAL *restrict gamma = p->gamma;
    REAL *restrict d = (REAL *)scratch + NORM_BLOCK;
    REAL *restrict dgamma = (REAL *)p->sums + 2 * task * n, *restrict dbeta = dgamma + n;
    for (i = 0; i < n; i++) dgamma[i] = dbeta[i] = 0;
    for (r = task * NORM_ROWS; r < SMALLER((task + 1) * NORM_ROWS, p->N); r++) {
        const REAL *restrict x = (const REAL *)p->x + r * n;
        REAL *restrict dx = (REAL *)p->out + r * n;
        double *moments = p->moments + 2 * r, inverse = 1 / sqrt(moments[1] + p->eps), total = 0, product = 0;
        REAL center = (REAL)moments[0], factor = (REAL)inverse;
        double rest = norm_rest(moments[0], center);
        REAL offset = (REAL)(-rest * inverse);
        for (b = 0; b < n; b += NORM_BLOCK) {
            ptrdiff_t size = SMALLER(NORM_BLOCK, n - b);
            const REAL *restrict dout = NAME(norm_dout)(p, r * n + b, size, scratch);
            NAME(NormSums) sums = {{0}, {0}};
            for (i = 0; i < size; i++) {
                dgamma[b + i] += dout[i] * ((x[b + i] - center) * factor + offset);
                dbeta[b + i] += dout[i];
                d[i] = dout[i] * gamma[b + i];
            }
            NAME(norm_add)(&sums, x + b, d, size, center, NORM_LANES);
            total += NAME(norm_total)(sums.first, NORM_LANES);
            product += NAME(norm_total)(sums.second, NORM_LANES);
        }
        double incline = -inverse * inverse * (product - rest * total) * inverse / (double)n;
        REAL slope = (REAL)incline, shift = (REAL)(-inverse * total / (double)n - incline * rest);
        for (b = 0; b < n; b += NORM_BLOCK) {
            ptrdiff_t size = SMALLER(NORM_BLOCK, n - b);
            const REAL *restrict dout = NAME(norm_dout)(p, r * n + b, size, scratch);
            for (i = 0; i < size; i++)
                dx[b + i] = dout[i] * gamma[b + i] * factor + ((x[b + i] - center) * slope + shift);
        }
    }
}
